//! A screen as a picture: text, blocks and lines in a window, as SVG.
//!
//! Fonts differ from reader to reader: every run of text is given its width, and bars, rules and signs are drawn as
//! shapes, so that columns stay columns.

use otoscope::tui::theme::UNICODE;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// The size of a cell.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 19.0;
/// Between the frame of the window and its text.
const MARGIN: f32 = 14.0;
/// The height of the bar above the text.
const BAR: f32 = 34.0;
const BACKGROUND: &str = "#15181e";

/// Calm on dark; one letter a colour, a weight, the background of what is selected.
const STYLE: &str = "
text{font:14px 'JetBrains Mono','SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}
text,path{fill:#c8cfd9}
.b{font-weight:bold}.d{opacity:.56}.i{font-style:italic}.s{fill:#aeb8c6}
.k{fill:#15181e}.r{fill:#f0747c}.g{fill:#93c98a}.y{fill:#e3bd74}.u{fill:#7ea6ee}.m{fill:#c59ae8}.c{fill:#77c8d0}
";

/// The window with a screen in it.
pub(crate) fn window(title: &str, buffer: &Buffer) -> String {
    let area = buffer.area;
    let width = f32::from(area.width).mul_add(WIDTH, 2.0 * MARGIN);
    let height = f32::from(area.height).mul_add(HEIGHT, BAR + MARGIN);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         <rect x=\".5\" y=\".5\" width=\"{:.0}\" height=\"{:.0}\" rx=\"10\" fill=\"{BACKGROUND}\" \
         stroke=\"#343a46\"/>\n",
        width - 1.0,
        height - 1.0,
        title = escape(title),
    );
    for (at, colour) in ["#e0696f", "#d8b068", "#85b97c"].iter().enumerate() {
        let x = 20 + 18 * at;
        let _ = writeln!(out, "<circle cx=\"{x}\" cy=\"17\" r=\"5.5\" fill=\"{colour}\" opacity=\".8\"/>");
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.0}\" y=\"22\" text-anchor=\"middle\" class=\"d\">{}</text>",
        width / 2.0,
        escape(title)
    );
    let _ = writeln!(out, "<g transform=\"translate({MARGIN},{BAR})\">");
    for y in area.top()..area.bottom() {
        line(&mut out, buffer, y);
    }
    out + "</g>\n</svg>\n"
}

/// How a cell is drawn.
#[derive(Clone, PartialEq)]
struct Look {
    class: String,
    reversed: bool,
}

fn look(cell: &Cell) -> Look {
    let reversed = cell.modifier.contains(Modifier::REVERSED);
    let colour = match cell.fg {
        _ if reversed => "k",
        Color::Red | Color::LightRed => "r",
        Color::Green | Color::LightGreen => "g",
        Color::Yellow | Color::LightYellow => "y",
        Color::Blue | Color::LightBlue => "u",
        Color::Magenta | Color::LightMagenta => "m",
        Color::Cyan | Color::LightCyan => "c",
        _ => "",
    };
    let with = |modifier, name| if cell.modifier.contains(modifier) { name } else { "" };
    let words = [colour, with(Modifier::BOLD, "b"), with(Modifier::DIM, "d"), with(Modifier::ITALIC, "i")];
    let class = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    Look { class, reversed }
}

/// A cell or several that are drawn as one.
struct Run {
    x: u16,
    columns: u16,
    what: What,
    look: Look,
}

/// Points are in parts of a cell.
#[derive(Clone, PartialEq)]
enum What {
    Text(String),
    /// A bar between two parts of a cell's width.
    Bar(f32, f32),
    /// A horizontal rule as long as its cells.
    Rule,
    /// Filled outlines.
    Shape(&'static [Outline]),
}

type Outline = &'static [(f32, f32)];

fn what(symbol: &str) -> What {
    const ACROSS: Outline = &[(0.0, 0.474), (1.0, 0.474), (1.0, 0.526), (0.0, 0.526)];
    const DOWN: Outline = &[(0.44, 0.0), (0.56, 0.0), (0.56, 1.0), (0.44, 1.0)];
    const UPPER: Outline = &[(0.44, 0.0), (0.56, 0.0), (0.56, 0.526), (0.44, 0.526)];
    const LOWER: Outline = &[(0.44, 0.474), (0.56, 0.474), (0.56, 1.0), (0.44, 1.0)];
    const RIGHT: Outline = &[(0.44, 0.474), (1.0, 0.474), (1.0, 0.526), (0.44, 0.526)];
    let eighths = UNICODE.eighths.iter().position(|eighth| *eighth == symbol);
    if let Some(eighths) = eighths {
        return What::Bar(0.0, (eighths + 1) as f32 / 8.0);
    }
    match symbol {
        "▐" => What::Bar(0.5, 1.0),
        "─" => What::Rule,
        "│" => What::Shape(&[DOWN]),
        "┬" => What::Shape(&[ACROSS, LOWER]),
        "┴" => What::Shape(&[ACROSS, UPPER]),
        "└" => What::Shape(&[UPPER, RIGHT]),
        "✖" => What::Shape(&[
            &[(0.0, 0.4), (0.2, 0.32), (1.0, 0.65), (0.8, 0.73)],
            &[(0.8, 0.32), (1.0, 0.4), (0.2, 0.73), (0.0, 0.65)],
        ]),
        "▲" => What::Shape(&[&[(0.5, 0.3), (1.0, 0.7), (0.0, 0.7)]]),
        "▾" => What::Shape(&[&[(0.12, 0.43), (0.88, 0.43), (0.5, 0.66)]]),
        "▸" => What::Shape(&[&[(0.25, 0.36), (0.8, 0.53), (0.25, 0.7)]]),
        "◆" => What::Shape(&[&[(0.5, 0.29), (0.98, 0.52), (0.5, 0.75), (0.02, 0.52)]]),
        "■" => What::Shape(&[&[(0.1, 0.36), (0.9, 0.36), (0.9, 0.7), (0.1, 0.7)]]),
        symbol => What::Text(symbol.to_owned()),
    }
}

impl Run {
    /// Takes a cell in that is drawn together with this.
    fn join(&mut self, next: &Self) -> bool {
        if self.x + self.columns != next.x || self.look != next.look {
            return false;
        }
        let joined = match (&mut self.what, &next.what) {
            (What::Text(text), What::Text(more)) => {
                text.push_str(more);
                true
            }
            (What::Bar(_, to), What::Bar(from, end)) if *to >= 1.0 && *from <= 0.0 => {
                *to += end;
                true
            }
            (What::Rule, What::Rule) => true,
            _ => false,
        };
        self.columns += if joined { next.columns } else { 0 };
        joined
    }
}

fn line(out: &mut String, buffer: &Buffer, y: u16) {
    let area = buffer.area;
    let mut runs: Vec<Run> = Vec::new();
    let mut reversed: Vec<(u16, u16)> = Vec::new();
    let mut x = area.left();
    while x < area.right() {
        let cell = &buffer[(x, y)];
        let columns = (UnicodeWidthStr::width(cell.symbol()) as u16).max(1);
        let run = Run { x, columns, what: what(cell.symbol()), look: look(cell) };
        x += columns;
        if run.look.reversed {
            match reversed.last_mut() {
                Some((_, end)) if *end == run.x => *end = x,
                _ => reversed.push((run.x, x)),
            }
        }
        if !runs.last_mut().is_some_and(|last| last.join(&run)) {
            runs.push(run);
        }
    }
    let top = f32::from(y) * HEIGHT;
    for (from, to) in reversed {
        let (x, width) = (f32::from(from) * WIDTH, f32::from(to - from) * WIDTH);
        let _ = writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{top:.0}\" width=\"{width:.1}\" height=\"{HEIGHT:.0}\" class=\"s\"/>"
        );
    }
    for run in &runs {
        draw(out, run, top);
    }
}

fn draw(out: &mut String, run: &Run, top: f32) {
    let left = f32::from(run.x) * WIDTH;
    let class = match run.look.class.as_str() {
        "" => String::new(),
        class => format!(" class=\"{class}\""),
    };
    let outline = |points: Outline| {
        let points = points.iter().map(|(x, y)| format!("{:.1} {:.1}", left + x * WIDTH, top + y * HEIGHT));
        points.collect::<Vec<_>>().join("L")
    };
    let _ = match &run.what {
        What::Text(text) => {
            words(text, run.x, &mut |x, word| {
                let _ = writeln!(
                    out,
                    "<text x=\"{:.1}\" y=\"{:.0}\" textLength=\"{:.1}\"{class}>{}</text>",
                    f32::from(x) * WIDTH,
                    top + 14.0,
                    UnicodeWidthStr::width(word) as f32 * WIDTH,
                    escape(word)
                );
            });
            Ok(())
        }
        What::Bar(from, to) => writeln!(
            out,
            "<path d=\"M{:.1} {:.0}h{:.1}v13h-{2:.1}\"{class}/>",
            left + from * WIDTH,
            top + 3.0,
            (to - from) * WIDTH
        ),
        What::Rule => writeln!(
            out,
            "<path d=\"M{left:.1} {:.0}h{:.1}v1h-{1:.1}\"{class}/>",
            top + 9.0,
            f32::from(run.columns) * WIDTH
        ),
        What::Shape(shapes) => {
            let shapes: String = shapes.iter().map(|shape| format!("M{}Z", outline(shape))).collect();
            writeln!(out, "<path d=\"{shapes}\"{class}/>")
        }
    };
}

/// Hands out the words of a run that starts at a column. Single blanks do not part them, and blanks are not drawn:
/// little is lost where a font is of another width.
fn words<'a>(text: &'a str, column: u16, draw: &mut dyn FnMut(u16, &'a str)) {
    let mut rest = text;
    let mut x = column;
    loop {
        let word = rest.trim_start_matches(' ');
        x += (rest.len() - word.len()) as u16;
        if word.is_empty() {
            return;
        }
        let end = word.find("  ").unwrap_or(word.trim_end().len());
        draw(x, &word[..end]);
        x += UnicodeWidthStr::width(&word[..end]) as u16;
        rest = &word[end..];
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
