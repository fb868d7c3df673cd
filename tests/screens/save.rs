//! Saving what is held into files.

use crate::golden::check;
use crate::stage::{MERGED, Stage, write_line};
use otoscope::tui::Saved;
use otoscope::tui::keymap::Action;

#[test]
fn the_listed_traces_and_all_of_them_are_saved() {
    let mut stage = Stage::new((140, 42), &["mesh"]);
    stage.act(&[Action::Filter]);
    stage.write("status=error");
    stage.act(&[Action::Open, Action::Mark, Action::Save]);
    let words = stage.text();
    for offer in ["the marked traces", "the listed traces", "everything"] {
        assert!(words.contains(offer), "{offer} in {words}");
    }
    for choice in ["marked", "listed", "everything"] {
        stage.write(choice);
        stage.act(&[Action::Open, Action::Open, Action::Save]);
    }
    let saved = stage.outside.saved.iter().map(|save| match &save.what {
        Saved::Traces(ids) => ids.len(),
        other => panic!("{other:?}"),
    });
    let [marked, listed, all] = saved.collect::<Vec<_>>()[..] else { panic!("{:?}", stage.outside.saved) };
    assert_eq!((marked, all), (1, stage.session.store.trace_count()));
    assert!(1 < listed && listed < all, "{listed} of {all}");
}

#[test]
fn spans_are_saved_where_the_user_says() {
    for (columns, rows) in [(80, 24), (140, 42)] {
        let mut stage = Stage::new((columns, rows), MERGED);
        stage.act(&[Action::Save]);
        check(&format!("save-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Open]);
        check(&format!("save-name-{columns}x{rows}"), &mut stage);
        stage.act(&[Action::Open]);
        assert!(stage.text().contains("saving to trace-"), "{}", stage.text());
        stage.act(&[Action::Open, Action::Down, Action::Save, Action::Down, Action::Open]);
        write_line(&mut stage, "taken.jsonl");
        stage.act(&[Action::Open]);
        assert!(stage.text().contains("A file of that name exists"), "{}", stage.text());
        stage.act(&[Action::Open]);
        assert!(stage.text().contains("not saved: taken.jsonl is kept"), "{}", stage.text());
        stage.act(&[Action::Save, Action::Open]);
        write_line(&mut stage, "taken.pb");
        stage.act(&[Action::Open, Action::Down, Action::Open]);
        stage.act(&[Action::Tab(1), Action::Save, Action::Open, Action::Open]);
        let [trace, below, spans] = stage.outside.saved.as_slice() else {
            panic!("{:?}", stage.outside.saved)
        };
        assert!(matches!(&trace.what, Saved::Traces(ids) if ids.len() == 1) && !trace.own_traces);
        assert!(trace.name.contains(".jsonl") && !trace.replace, "{}", trace.name);
        assert!(matches!(below.what, Saved::Below { .. }) && below.replace, "{below:?}");
        assert!(matches!(&spans.what, Saved::Spans(ids) if ids.len() == 24), "{spans:?}");
    }
}
