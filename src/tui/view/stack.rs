//! The stack trace of an exception, read: what is the application's own code, and what is libraries'.
//!
//! No language is asked for. A frame is known by how it starts, and a library by where its code lies or what its names
//! start with; what is not known as a library's counts as own.

use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::branches::Node;

/// How many lines are shown.
const MAX_LINES: usize = 500;

/// Where libraries lie.
const PLACES: &[&str] = &[
    "site-packages",
    "dist-packages",
    "/lib/python",
    "\\lib\\",
    "<frozen ",
    "node_modules",
    "node:",
    "(internal/",
    "/usr/local/go/src/",
    "/pkg/mod/",
    "/gems/",
    "/lib/ruby/",
    "<internal:",
    "/vendor/",
    "/rustc/",
    "/.cargo/registry/",
    "[internal function]",
];

/// What names in libraries start with.
const NAMES: &[&str] = &[
    "java.",
    "javax.",
    "jakarta.",
    "jdk.",
    "sun.",
    "com.sun.",
    "kotlin.",
    "kotlinx.",
    "scala.",
    "org.springframework.",
    "org.apache.",
    "org.eclipse.",
    "org.hibernate.",
    "io.netty.",
    "io.opentelemetry.",
    "reactor.",
    "System.",
    "Microsoft.",
    "OpenTelemetry.",
    "runtime.",
    "net/http.",
    "std::",
    "core::",
    "alloc::",
    "tokio::",
    "<core::",
    "<alloc::",
    "rust_begin_unwind",
    "__rust",
];

/// A part of a stack trace.
#[derive(PartialEq, Eq, Debug)]
enum Part<'a> {
    /// A line that is of no frame: the error itself, a heading.
    Said(&'a str),
    /// A frame with the lines that belong to it.
    Frame { lines: Vec<&'a str>, library: bool },
}

fn number(text: &str) -> Option<&str> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    (digits > 0).then(|| &text[digits..])
}

fn is_go_place(line: &str) -> bool {
    line.starts_with('\t') && line.contains(".go:")
}

/// The frame's own words where a line starts one.
fn frame(line: &str) -> Option<&str> {
    let words = line.trim_start();
    let ruby = words.contains(":in `") || words.contains(":in '");
    let elixir = words.contains(".ex:") || words.contains(".exs:");
    // Java and JavaScript and .NET, Rust, PHP.
    words
        .strip_prefix("at ")
        .or_else(|| number(words)?.strip_prefix(": "))
        .or_else(|| number(words.strip_prefix('#')?)?.strip_prefix(' '))
        .or_else(|| (words.starts_with("File \"") || ruby || elixir).then_some(words))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

fn read(stack: &str) -> Vec<Part<'_>> {
    let lines: Vec<&str> = stack.lines().take(MAX_LINES).collect();
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let go = lines.get(at + 1).is_some_and(|next| is_go_place(next)) && !line.trim().is_empty();
        let Some(words) = frame(line).or_else(|| go.then_some(line)) else {
            parts.push(Part::Said(line));
            at += 1;
            continue;
        };
        // What belongs to a frame hangs in further than its first line.
        let more = lines[at + 1..].iter().take_while(|next| {
            let further = indent(next) > indent(line) && !next.trim().is_empty();
            let place = next.trim_start().starts_with("at ") && number(line.trim_start()).is_some();
            further && (place || is_go_place(next) || frame(next).is_none())
        });
        let more = more.count();
        let own = &lines[at..=at + more];
        let placed = own.iter().any(|line| PLACES.iter().any(|place| line.contains(place)));
        let library = placed || NAMES.iter().any(|name| words.starts_with(name));
        parts.push(Part::Frame { lines: own.to_vec(), library });
        at += more + 1;
    }
    parts
}

/// How many frames of its own code a stack trace has, and how many of libraries.
fn count(parts: &[Part<'_>]) -> (usize, usize) {
    let of = |wanted: bool| {
        parts.iter().filter(|part| matches!(part, Part::Frame { library, .. } if *library == wanted)).count()
    };
    (of(false), of(true))
}

/// `31 lines, 2 of 14 frames in own code`
pub fn summary(stack: &str) -> String {
    let lines = text::plural(stack.lines().count() as u64, "line");
    match count(&read(stack)) {
        (_, 0) => lines,
        (own, libraries) => format!("{lines}, {own} of {} frames in own code", own + libraries),
    }
}

/// A stack trace line by line; frames of libraries that follow one another are folded away, where there are others.
pub fn nodes(stack: &str) -> Vec<Node> {
    let parts = read(stack);
    let (own, _) = count(&parts);
    let mut nodes: Vec<Node> = Vec::new();
    let leaf = |nodes: &mut Vec<Node>, line: &str, role: Role| {
        // A stack trace is nothing without its indentation, and a terminal has none of its tabs.
        nodes.push(Node::new(format!("line{}", nodes.len()), line.replace('\t', "    "), role));
    };
    let mut folded: Vec<&str> = Vec::new();
    let mut frames = 0;
    for part in parts.iter().map(Some).chain([None]) {
        if let Some(Part::Frame { lines, library: true }) = part
            && own > 0
        {
            folded.extend(lines);
            frames += 1;
            continue;
        }
        if !folded.is_empty() {
            let mut below = Vec::new();
            folded.drain(..).for_each(|line| leaf(&mut below, line, Role::Dim));
            let words = format!("{} of libraries", text::plural(frames, "frame"));
            nodes.push(Node::new(format!("line{}", nodes.len()), words, Role::Dim).with(below));
            frames = 0;
        }
        match part {
            Some(Part::Said(line)) => leaf(&mut nodes, line, Role::Text),
            Some(Part::Frame { lines, .. }) => {
                lines.iter().for_each(|line| leaf(&mut nodes, line, Role::Text));
            }
            None => {}
        }
    }
    let left = stack.lines().count().saturating_sub(MAX_LINES);
    if left > 0 {
        let more = format!("{} are not shown", text::plural(left as u64, "more line"));
        nodes.push(Node::new("more", more, Role::Warning));
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is seen of a stack trace before anything is unfolded.
    fn seen(stack: &str) -> Vec<String> {
        nodes(stack).iter().map(Node::text).collect()
    }

    #[test]
    fn own_code_is_seen_first_in_every_language() {
        let python = "Traceback (most recent call last):\n  File \"/venv/lib/python3.12/site-packages/flask/app.py\", \
                      line 1511, in wsgi_app\n    response = self.full_dispatch_request()\n               \
                      ^^^^^^^^^^\n  File \"/srv/shop.py\", line 12, in cart\n    raise KeyError(item)\nKeyError: 7";
        assert_eq!(
            seen(python),
            [
                "Traceback (most recent call last):",
                "1 frame of libraries",
                "  File \"/srv/shop.py\", line 12, in cart",
                "    raise KeyError(item)",
                "KeyError: 7"
            ]
        );
        let java = "java.lang.IllegalStateException: no\n\tat shop.Cart.add(Cart.java:7)\n\tat \
                    java.base/java.lang.Thread.run(Thread.java:840)\n\tat io.netty.util.X.run(X.java:1)\nCaused by: x\n\t... 3 more";
        assert_eq!(seen(java)[1..3], ["    at shop.Cart.add(Cart.java:7)", "2 frames of libraries"]);
        assert_eq!(seen(java)[3..], ["Caused by: x", "    ... 3 more"]);
        let node = "Error: no\n    at cart (/srv/cart.js:3:9)\n    at Layer.handle (/srv/node_modules/express/lib/router/layer.js:95:5)\n    at node:internal/main:1:1";
        assert_eq!(seen(node)[1..], ["    at cart (/srv/cart.js:3:9)", "2 frames of libraries"]);
        let go = "goroutine 1 [running]:\nruntime.gopanic(0x1)\n\t/usr/local/go/src/runtime/panic.go:770 +0x1\nmain.cart(0x1)\n\t/srv/main.go:9 +0x1d";
        assert_eq!(
            seen(go),
            ["goroutine 1 [running]:", "1 frame of libraries", "main.cart(0x1)", "    /srv/main.go:9 +0x1d"]
        );
        let rust = "   0: std::panicking::begin_panic\n             at /rustc/abc/library/std/src/panicking.rs:1:5\n   1: shop::cart\n             at ./src/cart.rs:4:9";
        assert_eq!(
            seen(rust),
            ["1 frame of libraries", "   1: shop::cart", "             at ./src/cart.rs:4:9"]
        );
        let ruby = "/srv/cart.rb:3:in `add': no (RuntimeError)\n\tfrom /usr/lib/ruby/gems/3.2.0/gems/rack-2.2/lib/rack.rb:1:in `call'";
        assert_eq!(seen(ruby)[1..], ["1 frame of libraries"]);
        let php = "#0 /srv/vendor/x/y.php(12): call()\n#1 /srv/cart.php(3): add()\n#2 {main}";
        assert_eq!(seen(php), ["1 frame of libraries", "#1 /srv/cart.php(3): add()", "#2 {main}"]);
        let net = "System.Exception: no\n   at Shop.Cart.Add() in /srv/Cart.cs:line 3\n   at Microsoft.AspNetCore.Http.Run()";
        assert_eq!(seen(net)[1..], ["   at Shop.Cart.Add() in /srv/Cart.cs:line 3", "1 frame of libraries"]);
        assert_eq!(summary(net), "3 lines, 1 of 2 frames in own code");
    }

    #[test]
    fn nothing_is_folded_where_nothing_would_be_left_and_nothing_is_lost() {
        let only = "E\n  at java.lang.A.b(A.java)\n  at java.lang.C.d(C.java)";
        assert_eq!(seen(only).len(), 3);
        assert_eq!(summary("just words"), "1 line");
        let many = "  at shop.A.b(A.java)\n".repeat(700);
        assert_eq!(seen(&many).last().map(String::as_str), Some("200 more lines are not shown"));
        assert_eq!(seen(""), [""; 0]);
    }
}
