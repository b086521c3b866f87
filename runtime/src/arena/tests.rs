//! Scratch: what it gives out, what it frees, and where its ceiling is.

use std::cell::Cell;
use std::fmt::Write;

use super::*;

#[test]
fn starts_empty_and_keeps_one_chunk() {
    let mut scratch = Scratch::new();
    assert_eq!(scratch.held_bytes(), 0);
    assert_eq!(*scratch.alloc(7_u64), 7);
    let kept = scratch.held_bytes();
    assert!((60 << 10..=64 << 10).contains(&kept), "{kept}");
    scratch.reset();
    assert_eq!((scratch.used_bytes(), scratch.held_bytes()), (0, kept));
    scratch.alloc(8_u64);
    assert_eq!(scratch.held_bytes(), kept);
}

#[test]
fn an_outlier_goes_back_to_the_allocator() {
    let mut scratch = Scratch::new();
    scratch.alloc(1_u8);
    scratch.alloc_slice_copy(&[0_u8; 200_000]);
    assert!(scratch.held_bytes() > 200_000);
    scratch.reset();
    assert_eq!(scratch.held_bytes(), 0);
    scratch.alloc(1_u8);
    assert!(scratch.held_bytes() <= 64 << 10);
}

#[test]
fn values_are_aligned_and_apart() {
    let scratch = Scratch::new();
    let byte = scratch.alloc(1_u8);
    let wide = scratch.alloc(2_u128);
    let text = scratch.alloc_str("héllo");
    let numbers = scratch.alloc_slice_copy(&[3_u32, 4]);
    *byte = 9;
    *wide = 10;
    numbers[1] = 11;
    assert_eq!((*byte, *wide, text, &*numbers), (9, 10, "héllo", &[3, 11][..]));
    assert!(std::ptr::from_ref(wide).is_aligned());
    assert_eq!(scratch.alloc_slice_copy::<u64>(&[]), &[] as &[u64]);
}

#[test]
fn the_ceiling_is_exact() {
    let scratch = Scratch::new();
    scratch.set_ceiling_bytes(100);
    scratch.alloc_slice_copy(&[0_u8; 100]);
    let full = scratch.try_alloc(5_u8).unwrap_err();
    assert_eq!(
        (full.asked_bytes(), full.used_bytes(), full.ceiling_bytes(), full.into_value()),
        (1, 100, 100, 5)
    );
    assert_eq!(
        scratch.try_alloc_str("ab").unwrap_err().to_string(),
        "scratch cannot give 2 bytes more: 100 in use, ceiling `scratch_bytes_max` = 100"
    );
    assert!(scratch.try_format(format_args!("{full}")).is_err());
    assert_eq!(
        scratch.try_format(format_args!("a literal needs no room")).unwrap(),
        "a literal needs no room"
    );
}

#[test]
fn chunks_stay_under_the_ceiling() {
    let scratch = Scratch::new();
    let ceiling = 1 << 20;
    scratch.set_ceiling_bytes(ceiling);
    while scratch.try_alloc([0_u8; 1000]).is_ok() {}
    assert!(scratch.used_bytes() > ceiling * 9 / 10, "{}", scratch.used_bytes());
    assert!(scratch.held_bytes() <= ceiling + 1024, "{}", scratch.held_bytes());
}

#[test]
#[should_panic(expected = "scratch cannot give 8 bytes more: 0 in use")]
fn plain_calls_panic_at_the_ceiling() {
    let scratch = Scratch::new();
    scratch.set_ceiling_bytes(7);
    scratch.alloc(1_u64);
}

#[test]
fn a_box_runs_the_destructor() {
    #[derive(Debug)]
    struct Bomb<'a>(&'a Cell<u32>);
    impl Drop for Bomb<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let dropped = Cell::new(0);
    let scratch = Scratch::new();
    drop(scratch.boxed(Bomb(&dropped)));
    assert_eq!(dropped.get(), 1);
    let inner = scratch.boxed(Bomb(&dropped)).into_inner();
    assert_eq!(dropped.get(), 1);
    drop(inner);
    assert_eq!(dropped.get(), 2);
    scratch.set_ceiling_bytes(0);
    drop(scratch.try_boxed(Bomb(&dropped)).unwrap_err().into_value());
    assert_eq!(dropped.get(), 3);
}

#[test]
fn text_grows_in_place_and_gives_back_the_rest() {
    let scratch = Scratch::new();
    // A variable: rustc folds literals into one string, which is not copied.
    let number = 12;
    let line = scratch.format(format_args!("ab-{number}"));
    assert_eq!((line, scratch.used_bytes()), ("ab-12", 5));
    let mut text = scratch.text();
    for n in 0..1000 {
        write!(text, "{n} ").unwrap();
    }
    let held = scratch.held_bytes();
    let text = text.into_str();
    assert_eq!(text.len(), 3890);
    assert!(text.starts_with("0 1 2 ") && text.ends_with("998 999 "));
    // The last doubling ended at 4096, of which less than half is free: nothing dead is left behind.
    assert_eq!((scratch.used_bytes(), scratch.held_bytes()), (5 + 4096, held));
}

#[test]
fn two_texts_at_once_stay_apart() {
    let scratch = Scratch::new();
    let (mut one, mut two) = (scratch.text(), scratch.text());
    for n in 0..200 {
        one.push_str("one");
        two.push('2');
        if n == 100 {
            scratch.alloc(n);
        }
    }
    assert_eq!(one.into_str(), "one".repeat(200));
    assert_eq!(two.into_str(), "2".repeat(200));
}

#[test]
fn a_text_that_fits_the_ceiling_is_written() {
    let scratch = Scratch::new();
    scratch.set_ceiling_bytes(1000);
    let long = "x".repeat(999);
    let mut text = scratch.text();
    text.push_str(&long[..600]);
    assert!(text.try_push_str(&long[..600]).is_err());
    assert_eq!(text.as_str(), &long[..600]);
    assert!(write!(text, "{long}").is_err());
    text.clear();
    assert_eq!(text.into_str(), "");
}

#[test]
fn depths_are_independent() {
    let stack = ScratchStack::new("test/pool");
    let outer = stack.begin(0);
    let kept = outer.alloc_str("outer");
    let inner = stack.begin_with_ceiling(1, 10);
    inner.alloc_str("inner");
    assert!(inner.try_alloc_str("too long").is_err());
    // SAFETY: nothing of depth 1 is used again.
    unsafe { stack.end(1) };
    assert_eq!((kept, stack.begin(1).used_bytes()), ("outer", 0));
    // SAFETY: nothing of depth 0 is used again.
    unsafe { stack.end(0) };
    assert_eq!(stack.begin(0).used_bytes(), 0);
}

#[test]
#[should_panic(expected = "nest deeper than 64")]
fn runaway_depth_panics() {
    let _ = ScratchStack::new("test/deep").begin(SCRATCH_DEPTH_MAX);
}

#[test]
fn lent_memory_comes_first_and_grows_in_place() {
    let scratch = Scratch::new();
    let mut region = [0_u64; 64];
    let start = std::ptr::NonNull::from(&mut region).cast::<u8>();
    // SAFETY: the region outlives the scratch's use of it, and nobody else looks at it meanwhile.
    unsafe { scratch.lend(start, 512) };
    let number = scratch.alloc(7_u64);
    let mut text = scratch.text();
    for n in 0..10 {
        write!(text, "{n}").unwrap();
    }
    let text = text.into_str();
    assert_eq!((scratch.held_bytes(), *number, text), (0, 7, "0123456789"));
    let numbers = scratch.alloc_slice_copy(&[3_u16; 200]);
    assert_eq!(scratch.held_bytes(), 0);
    let short = scratch.format(format_args!("{}", text.len()));
    assert_eq!((scratch.held_bytes(), short), (0, "10"));
    let wide = scratch.alloc([9_u64; 16]);
    let held = scratch.held_bytes();
    assert!((1..=4096).contains(&held), "{held}");
    let mut long = scratch.text();
    (0..200).for_each(|_| long.write_str("ab").unwrap());
    assert_eq!((numbers[19], wide[15], text, long.into_str().len()), (3, 9, "0123456789", 400));
    // SAFETY: nothing of it is used below.
    unsafe { scratch.give_back() };
    assert_eq!((scratch.held_bytes(), scratch.used_bytes()), (0, 0));
    scratch.alloc(1_u8);
    assert!(scratch.held_bytes() > 4096, "an ordinary chunk again");
}
