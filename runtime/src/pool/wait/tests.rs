//! Which waits are in vain, and when that is certain.

use super::*;

fn member(pool: PoolId, index: u32) -> Member {
    Member { pool, cell: CellId { index, generation: 0 } }
}

/// Writes one pool's section: who waits for which topic at which pools, and who holds what from where.
fn write(
    board: &mut Board,
    now: Instant,
    pool: PoolId,
    waits: &[(u32, u16, u64)],
    holds: &[(u16, PoolId, u32)],
) {
    let waiting = waits.iter().map(|(index, topic, pools)| Waiting {
        member: member(pool, *index),
        path: format!("rig/{pool}.{index}").into(),
        since: now,
        topic: *topic,
        subject: "rig",
        bound: 1,
        pools: *pools,
    });
    let holding = holds.iter().map(|(topic, source, index)| Holding {
        topic: *topic,
        source: *source,
        holder: member(pool, *index),
        moves: false,
    });
    let (waiting, holding) = (waiting.collect(), holding.collect());
    board.write(pool, waiting, holding);
}

fn names(circle: Option<Vec<Waiting>>) -> Option<Vec<(PoolId, u32)>> {
    circle.map(|all| all.iter().map(|one| (one.member.pool, one.member.cell.index)).collect())
}

#[test]
fn two_pools_that_wait_for_each_other_are_certain_once_both_have_written_twice() {
    let (mut board, now) = (Board::default(), Instant::now());
    write(&mut board, now, 0, &[(7, 2, 0b10)], &[(4, 1, 7)]);
    assert_eq!(names(board.find_circle()), None, "the other has written nothing");
    write(&mut board, now, 1, &[(3, 4, 0b01)], &[(2, 0, 3)]);
    assert_eq!(names(board.find_circle()), None, "seen once");
    write(&mut board, now, 0, &[(7, 2, 0b10)], &[(4, 1, 7)]);
    assert_eq!(names(board.find_circle()), None, "one has written anew");
    write(&mut board, now, 1, &[(3, 4, 0b01)], &[(2, 0, 3)]);
    assert_eq!(names(board.find_circle()), Some(vec![(0, 7), (1, 3)]));
}

#[test]
fn a_circle_whose_member_went_on_in_between_is_seen_for_the_first_time() {
    let (mut board, now) = (Board::default(), Instant::now());
    for round in 0..3 {
        // Each time it waits anew.
        let since = now + std::time::Duration::from_millis(round);
        write(&mut board, since, 0, &[(0, 2, 0b01)], &[(2, 0, 0)]);
        assert_eq!(names(board.find_circle()), None);
    }
    write(&mut board, now + std::time::Duration::from_millis(2), 0, &[(0, 2, 0b01)], &[(2, 0, 0)]);
    assert_eq!(names(board.find_circle()), Some(vec![(0, 0)]), "a locus that waits for itself");
}

#[test]
fn who_holds_a_credit_and_does_not_wait_ends_the_wait_of_all() {
    let (mut board, now) = (Board::default(), Instant::now());
    for _ in 0..3 {
        // A second holder of the credits, number 5, is busy, not waiting.
        write(&mut board, now, 0, &[(0, 2, 0b01), (1, 4, 0b01)], &[(2, 0, 1), (2, 0, 5), (4, 0, 0)]);
        assert_eq!(names(board.find_circle()), None);
    }
}

#[test]
fn calls_that_are_under_way_beside_a_locus_that_waits_end_its_wait() {
    let (mut board, now) = (Board::default(), Instant::now());
    let mut found = Vec::new();
    for moves in [true, false] {
        for _ in 0..2 {
            write(&mut board, now, 0, &[(0, 2, 0b01)], &[(2, 0, 0)]);
            board.sections[0].holding[0].moves = moves;
            found.push(names(board.find_circle()));
        }
    }
    assert_eq!(found, [None, None, None, Some(vec![(0, 0)])]);
}

#[test]
fn credits_that_nobody_keeps_come_back() {
    let (mut board, now) = (Board::default(), Instant::now());
    for _ in 0..3 {
        write(&mut board, now, 0, &[(0, 2, 0b01)], &[]);
        assert_eq!(names(board.find_circle()), None);
    }
}

#[test]
fn three_in_a_circle_are_named_without_those_who_wait_behind_them() {
    let (mut board, now) = (Board::default(), Instant::now());
    let mut found = None;
    for _ in 0..2 {
        write(&mut board, now, 0, &[(0, 2, 0b010), (9, 2, 0b010)], &[(6, 2, 0)]);
        write(&mut board, now, 1, &[(0, 4, 0b100)], &[(2, 0, 0)]);
        write(&mut board, now, 2, &[(0, 6, 0b001)], &[(4, 1, 0)]);
        found = board.find_circle();
    }
    assert_eq!(names(found.clone()), Some(vec![(0, 0), (1, 0), (2, 0)]));
    let described = describe(&found.unwrap());
    assert!(
        described
            .starts_with("rig/0.0 waits for room for `rig` (bound 1), which rig/1.0 holds; rig/1.0 waits")
    );
    assert!(described.ends_with("which rig/0.0 holds"), "{described}");
}
