//! Which pools may look for work before they park: those that keep no other from a core by it.
//!
//! A pool without parts has no work: it neither looks nor counts. A pinned pool needs its core for itself. The others go
//! where the kernel puts them: there has to be a core for each of them beside those that pools are pinned to.

use std::collections::HashMap;
use std::time::Duration;

use crate::app::plan::PoolPlan;

/// Tells each pool how long it looks: `spin_time`, or not at all.
pub(crate) fn share_out(pools: &mut [PoolPlan], spin_time: Duration) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut working: Vec<&mut PoolPlan> = pools.iter_mut().filter(|pool| !pool.parts.is_empty()).collect();
    let pinned_to: Vec<Option<usize>> = working.iter().map(|pool| pool.core).collect();
    for (pool, may_spin) in working.iter_mut().zip(may_spin(&pinned_to, cores)) {
        pool.spin_time = if may_spin { spin_time } else { Duration::ZERO };
    }
}

/// Says for each pool, given by the core it is pinned to, whether it may look for work on a machine of so many cores.
fn may_spin(pinned_to: &[Option<usize>], cores: usize) -> Vec<bool> {
    let mut pools_on: HashMap<usize, usize> = HashMap::new();
    for core in pinned_to.iter().flatten() {
        *pools_on.entry(*core).or_default() += 1;
    }
    let unpinned = pinned_to.iter().filter(|core| core.is_none()).count();
    if unpinned + pools_on.len() > cores {
        return vec![false; pinned_to.len()];
    }
    pinned_to.iter().map(|core| core.is_none_or(|core| pools_on.get(&core) == Some(&1))).collect()
}

#[cfg(test)]
mod tests {
    use super::may_spin;

    #[test]
    fn pools_that_the_kernel_places_look_where_each_has_a_core() {
        assert_eq!(may_spin(&[None, None], 2), [true, true]);
        assert_eq!(may_spin(&[None, None, None], 2), [false, false, false]);
    }

    #[test]
    fn a_pool_alone_on_its_core_looks_beside_four_that_share_another() {
        let four_and_one = [Some(0), Some(0), Some(0), Some(0), Some(1)];
        assert_eq!(may_spin(&four_and_one, 2), [false, false, false, false, true]);
    }

    #[test]
    fn two_pools_pinned_to_one_core_do_not_look_however_many_cores_there_are() {
        assert_eq!(may_spin(&[Some(3), Some(3)], 8), [false, false]);
    }

    #[test]
    fn nobody_looks_where_a_pool_that_the_kernel_places_finds_no_core_of_its_own() {
        assert_eq!(may_spin(&[Some(0), Some(1), None], 2), [false, false, false]);
        assert_eq!(may_spin(&[Some(0), Some(1), None], 3), [true, true, true]);
    }
}
