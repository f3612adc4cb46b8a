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
}
