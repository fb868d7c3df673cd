use super::*;
use std::collections::BTreeSet;

impl Rows for BTreeSet<i32> {
    type Id = i32;
    type At = i32;
    fn find(&self, id: i32) -> Option<i32> {
        self.get(&id).copied()
    }
    fn id(&self, at: i32) -> i32 {
        at
    }
    fn first(&self) -> Option<i32> {
        BTreeSet::first(self).copied()
    }
    fn last(&self) -> Option<i32> {
        BTreeSet::last(self).copied()
    }
    fn next(&self, at: i32) -> Option<i32> {
        self.range(at + 1..).next().copied()
    }
    fn previous(&self, at: i32) -> Option<i32> {
        self.range(..at).next_back().copied()
    }
    fn near(&self, gone: i32) -> Option<i32> {
        self.range(gone..).next().or_else(|| BTreeSet::last(self)).copied()
    }
}

fn draw(window: &mut Window<i32>, rows: &BTreeSet<i32>) -> (Kept, Vec<i32>) {
    let kept = window.reconcile(rows);
    (kept, window.rows(rows, 4, true))
}

#[test]
fn rows_that_arrive_above_move_nothing() {
    let mut rows: BTreeSet<i32> = (10..30).collect();
    let mut window = Window::default();
    draw(&mut window, &rows);
    for _ in 0..5 {
        window.apply(Action::Down, &rows);
    }
    assert_eq!(draw(&mut window, &rows).1, [12, 13, 14, 15]);
    rows.extend(0..10);
    assert_eq!(draw(&mut window, &rows).1, [12, 13, 14, 15]);
    assert_eq!(window.selected(), Some(15));
    assert_eq!(draw(&mut window, &rows), draw(&mut window, &rows));
}

#[test]
fn another_height_moves_nothing_unless_the_user_has_done_something() {
    let rows: BTreeSet<i32> = (10..20).collect();
    let mut window = Window::default();
    draw(&mut window, &rows);
    window.apply(Action::Last, &rows);
    assert_eq!(draw(&mut window, &rows).1, [16, 17, 18, 19]);
    assert_eq!(window.rows(&rows, 6, false), [16, 17, 18, 19], "a finding above has gone");
    assert_eq!(window.rows(&rows, 3, false), [17, 18, 19], "the selected row has no other place");
    assert_eq!(window.rows(&rows, 6, false), [17, 18, 19]);
    assert_eq!(window.rows(&rows, 7, true), [13, 14, 15, 16, 17, 18, 19], "the screen has grown");
}

#[test]
fn before_any_choice_the_first_row_is_selected() {
    let mut rows: BTreeSet<i32> = (10..13).collect();
    let mut window = Window::default();
    draw(&mut window, &rows);
    rows.insert(5);
    assert_eq!(draw(&mut window, &rows).1, [5, 10, 11, 12]);
    window.choose();
    rows.insert(1);
    assert_eq!(draw(&mut window, &rows).1, [5, 10, 11, 12], "now it stays");
}

#[test]
fn a_selection_that_has_gone_leaves_its_line_to_the_nearest() {
    let mut rows: BTreeSet<i32> = (0..10).collect();
    let mut window = Window::default();
    draw(&mut window, &rows);
    window.apply(Action::Down, &rows);
    rows.remove(&1);
    assert_eq!(draw(&mut window, &rows).0, Kept::Lost);
    assert_eq!(window.selected(), Some(2));
    rows = (7..10).collect();
    assert_eq!(draw(&mut window, &rows).0, Kept::Lost);
    assert_eq!(window.selected(), Some(7));
    assert_eq!(draw(&mut window, &rows).0, Kept::Same);
}

#[test]
fn following_ends_with_a_step_up() {
    let mut rows: BTreeSet<i32> = (0..10).collect();
    let mut window = Window::default();
    draw(&mut window, &rows);
    window.apply(Action::Last, &rows);
    rows.insert(10);
    assert_eq!(draw(&mut window, &rows).1, [7, 8, 9, 10]);
    window.apply(Action::Down, &rows);
    assert!(window.is_following());
    window.apply(Action::Up, &rows);
    assert!(!window.is_following());
    rows.insert(11);
    draw(&mut window, &rows);
    assert_eq!(window.selected(), Some(9));
}

/// A million rows that exist only when they are asked for.
struct Counted(std::cell::Cell<usize>);

impl Counted {
    fn asked(&self, row: i32) -> Option<i32> {
        self.0.set(self.0.get() + 1);
        (0..1_000_000).contains(&row).then_some(row)
    }
}

impl Rows for Counted {
    type Id = i32;
    type At = i32;
    fn find(&self, id: i32) -> Option<i32> {
        self.asked(id)
    }
    fn id(&self, at: i32) -> i32 {
        at
    }
    fn first(&self) -> Option<i32> {
        self.asked(0)
    }
    fn last(&self) -> Option<i32> {
        self.asked(999_999)
    }
    fn next(&self, at: i32) -> Option<i32> {
        self.asked(at + 1)
    }
    fn previous(&self, at: i32) -> Option<i32> {
        self.asked(at - 1)
    }
    fn near(&self, _: i32) -> Option<i32> {
        None
    }
}

#[test]
fn only_rows_on_the_screen_are_asked_for() {
    let rows = Counted(std::cell::Cell::new(0));
    let mut window = Window::default();
    for action in [Action::First, Action::Down, Action::PageDown, Action::Last, Action::Up, Action::PageUp] {
        window.apply(action, &rows);
        rows.0.set(0);
        window.reconcile(&rows);
        assert_eq!(window.rows(&rows, 50, true).len(), 50, "{action:?}");
        assert!(rows.0.get() <= 60, "{action:?}: {} rows were asked for", rows.0.get());
    }
}

#[test]
fn pages_and_ends() {
    let rows: BTreeSet<i32> = (0..10).collect();
    let mut window = Window::default();
    draw(&mut window, &rows);
    window.apply(Action::PageDown, &rows);
    assert_eq!(draw(&mut window, &rows).1, [3, 4, 5, 6]);
    window.apply(Action::PageDown, &rows);
    window.apply(Action::PageDown, &rows);
    window.apply(Action::PageDown, &rows);
    assert_eq!((draw(&mut window, &rows).1, window.selected()), (vec![6, 7, 8, 9], Some(9)));
    window.apply(Action::First, &rows);
    assert_eq!(draw(&mut window, &rows).1, [0, 1, 2, 3]);
}
