//! Medians and percentiles of what was measured.

use std::time::Duration;

/// One quantity measured in several runs; the unit is the caller's.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    /// Adds the value of one more run.
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The middle value, or the mean of the two middle ones; NaN when nothing was measured.
    pub(crate) fn median(&self) -> f64 {
        let sorted = self.sorted();
        match sorted.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => sorted[n / 2],
            n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
        }
    }

    /// The smallest value, NaN when nothing was measured.
    pub(crate) fn min(&self) -> f64 {
        self.sorted().first().copied().unwrap_or(f64::NAN)
    }

    /// The largest value, NaN when nothing was measured.
    pub(crate) fn max(&self) -> f64 {
        self.sorted().last().copied().unwrap_or(f64::NAN)
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

impl From<f64> for Series {
    fn from(value: f64) -> Self {
        Self(vec![value])
    }
}

/// Durations of single answers. Every one is kept (8 bytes each), so percentiles are exact.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    nanos: Vec<u64>,
    sorted: bool,
}

impl Latencies {
    /// Adds one answer.
    pub(crate) fn push(&mut self, took: Duration) {
        self.nanos.push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        self.sorted = false;
    }

    /// Milliseconds that the share `q` (0 to 1) of the answers did not exceed; NaN when there were none.
    pub(crate) fn quantile_ms(&mut self, q: f64) -> f64 {
        if self.nanos.is_empty() {
            return f64::NAN;
        }
        if !self.sorted {
            self.nanos.sort_unstable();
            self.sorted = true;
        }
        let rank = (self.nanos.len() as f64 * q).ceil() as usize;
        let index = rank.clamp(1, self.nanos.len()) - 1;
        self.nanos[index] as f64 / 1e6
    }
}

/// Durations by the million: counted in classes that are 1.6 % wide, so that a push costs next to nothing.
#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    classes: Vec<u64>,
    total: u64,
}

/// Binary digits that a class keeps of a duration.
const CLASS_BITS: u32 = 6;

impl Default for Histogram {
    fn default() -> Self {
        Self { classes: vec![0; class_of(u64::MAX) + 1], total: 0 }
    }
}

impl Histogram {
    /// Adds one duration.
    pub(crate) fn push(&mut self, took: Duration) {
        self.classes[class_of(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX))] += 1;
        self.total += 1;
    }

    /// Milliseconds that the share `q` (0 to 1) of the durations did not exceed; NaN when there were none.
    pub(crate) fn quantile_ms(&self, q: f64) -> f64 {
        let rank = (self.total as f64 * q).ceil().max(1.0) as u64;
        let mut below = 0;
        let class = self.classes.iter().position(|&count| {
            below += count;
            below >= rank
        });
        class.map_or(f64::NAN, |class| longest_of(class) as f64 / 1e6)
    }
}

fn class_of(nanos: u64) -> usize {
    let bits = u64::BITS - nanos.leading_zeros();
    let shift = bits.saturating_sub(CLASS_BITS + 1);
    // Shifted, a long duration begins with its highest digit, which is 64 here; so the classes follow without a gap.
    ((u64::from(shift) << CLASS_BITS) + (nanos >> shift)) as usize
}

/// The longest duration of a class in nanoseconds.
fn longest_of(class: usize) -> u64 {
    let (shift, rest) = match class >> CLASS_BITS {
        0 => (0, class as u64),
        block => (block as u32 - 1, (class & ((1 << CLASS_BITS) - 1)) as u64 + (1 << CLASS_BITS)),
    };
    (rest << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_any_order() {
        let mut series = Series::default();
        assert!(series.median().is_nan());
        for value in [5.0, 1.0, 3.0] {
            series.push(value);
        }
        assert_eq!((series.min(), series.median(), series.max()), (1.0, 3.0, 5.0));
        series.push(4.0);
        assert_eq!(series.median(), 3.5);
    }

    #[test]
    fn a_quantile_is_the_smallest_value_that_covers_its_share() {
        let mut latencies = Latencies::default();
        assert!(latencies.quantile_ms(0.5).is_nan());
        for ms in (1..=100).rev() {
            latencies.push(Duration::from_millis(ms));
        }
        assert_eq!(latencies.quantile_ms(0.5), 50.0);
        assert_eq!(latencies.quantile_ms(0.99), 99.0);
        assert_eq!(latencies.quantile_ms(1.0), 100.0);
    }

    #[test]
    fn classes_are_narrow_and_follow_without_a_gap() {
        for nanos in (0..5_000).chain((13..64).map(|bits| 1 << bits)).chain([u64::MAX - 1, u64::MAX]) {
            let class = class_of(nanos);
            let longest = longest_of(class);
            assert!(longest >= nanos && longest - nanos <= nanos / 64, "{nanos} ns is counted as {longest}");
            assert!(class_of(longest) == class, "{nanos}");
            if longest < u64::MAX {
                assert_eq!(class_of(longest + 1), class + 1, "{nanos}");
            }
        }
        let mut histogram = Histogram::default();
        assert!(histogram.quantile_ms(0.5).is_nan());
        for ms in 1..=100 {
            histogram.push(Duration::from_millis(ms));
        }
        let p99 = histogram.quantile_ms(0.99);
        assert!((99.0..100.6).contains(&p99), "{p99}");
    }
}
