//! The bounded collections: what they take, what they refuse, what they reuse.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::*;

/// A deterministic source of small numbers.
fn draws(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state >> 33
    })
}

#[test]
fn a_ring_behaves_as_a_bounded_deque_and_drops_each_value_once() {
    let alive = Rc::new(());
    let mut draws = draws(7);
    let mut next = || draws.next().unwrap();
    let mut ring: Ring<(u64, Rc<()>), 5> = Ring::new();
    let mut model = VecDeque::new();
    for n in 0..if cfg!(miri) { 200 } else { 2_000 } {
        match next() % 5 {
            0 | 1 => {
                let evicted = ring.push_evict((n, alive.clone())).map(|(n, _)| n);
                assert_eq!(evicted, if model.len() == 5 { model.pop_front() } else { None });
                model.push_back(n);
            }
            2 => match ring.push((n, alive.clone())) {
                Ok(()) => model.push_back(n),
                Err(full) => assert_eq!((full.into_value().0, model.len()), (n, 5)),
            },
            3 => {
                ring.push_evict_with(|slot| *slot = (n, alive.clone()));
                if model.len() == 5 {
                    model.pop_front();
                }
                model.push_back(n);
            }
            _ => assert_eq!(ring.pop().map(|(n, _)| n), model.pop_front()),
        }
        assert!(ring.iter().map(|(n, _)| *n).eq(model.iter().copied()));
        assert!(ring.iter().rev().map(|(n, _)| *n).eq(model.iter().rev().copied()));
        assert_eq!(
            (ring.len(), ring.iter().len(), ring.is_full()),
            (model.len(), model.len(), model.len() == 5)
        );
        assert_eq!(ring.newest().map(|(n, _)| *n), model.back().copied());
        assert_eq!(ring.get(2).map(|(n, _)| *n), model.get(2).copied());
        assert_eq!(Rc::strong_count(&alive), 1 + model.len());
    }
    let copy = ring.clone();
    assert_eq!(copy, ring);
    drop((ring, copy));
    assert_eq!(Rc::strong_count(&alive), 1);
}

#[test]
fn push_evict_with_reuses_the_evicted_buffers() {
    let mut ring: Ring<String, 2> = Ring::new();
    for line in ["first line", "second line"] {
        ring.push_evict_with(|slot| line.keep_into(slot));
    }
    let buffer = ring.oldest().unwrap().as_ptr();
    ring.push_evict_with(|slot| "third".keep_into(slot));
    assert_eq!(ring.newest().unwrap().as_ptr(), buffer);
    assert!(ring.iter().eq(["second line", "third"]));
}

#[test]
fn a_panic_while_filling_loses_that_value_alone() {
    let alive = Rc::new(());
    let mut ring: Ring<Option<Rc<()>>, 2> = Ring::new();
    ring.push_evict(Some(alive.clone()));
    for full in [false, true] {
        assert_eq!(ring.is_full(), full);
        let before = ring.len();
        let filled = catch_unwind(AssertUnwindSafe(|| {
            ring.push_evict_with(|slot| {
                *slot = Some(alive.clone());
                panic!("filling fails");
            });
        }));
        assert!(filled.is_err());
        assert_eq!((ring.len(), Rc::strong_count(&alive)), (1, 2), "{before} before");
        ring.push_evict(Some(alive.clone()));
    }
    ring.clear();
    assert_eq!(Rc::strong_count(&alive), 1);
}

#[test]
fn sizes_are_what_the_type_says() {
    assert_eq!(Ring::<Text<6>, 10>::worst_case_bytes(), 10 * 8 + 16);
    assert_eq!(Ring::<String, 10>::inline_bytes(), 10 * 24 + 16);
    assert_eq!(size_of::<Text<24>>(), 26);
}

#[test]
fn text_cuts_or_refuses() {
    let check = |text: &str, cut: &str, fits: bool| {
        assert_eq!(Text::<4>::new(text), cut);
        assert_eq!(text.parse::<Text<4>>().is_ok(), fits, "{text}");
    };
    check("", "", true);
    check("four", "four", true);
    check("fives", "five", false);
    check("abcé", "abc", false);
    check("éé", "éé", true);
    check("€€", "€", false);
    assert_eq!(Text::<0>::new("x"), "");
    let refused = Text::<4>::try_from("sixsix").unwrap_err();
    assert_eq!((refused.len_bytes(), refused.capacity_bytes()), (6, 4));
}

#[test]
fn text_is_found_and_ordered_as_a_string() {
    let seats: HashMap<Text<8>, u32> = [(Text::new("ann"), 1), (Text::new("bob"), 2)].into();
    assert_eq!(seats.get("bob"), Some(&2));
    assert!(Text::<8>::new("b") > Text::new("ab"));
    assert_eq!(format!("{:>5}|{:?}", Text::<8>::new("ann"), Text::<8>::default()), r#"  ann|"""#);
    assert_eq!(Text::<8>::new("ann").to_uppercase(), "ANN");
}

#[test]
fn keep_copies_through_references() {
    let line: &str = "kept";
    let mut kept = line.keep();
    (&&"again").keep_into(&mut kept);
    assert_eq!(kept, "again");
}
