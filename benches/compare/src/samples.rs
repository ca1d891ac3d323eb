//! Times of one runtime at one task, one sample per round, and their statistics.

use clap::ValueEnum;

/// Statistic that summarises samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Statistic {
    /// The minimum: the time without disturbances.
    Best,
    /// The median.
    Median,
}

/// A sample of the baseline of more than this times its best one is from another state of the machine.
pub const SLOW: f64 = 1.15;

/// Samples in seconds, one per round. The index is the round.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

impl Samples {
    pub fn push(&mut self, seconds: f64) {
        self.0.push(seconds);
    }

    /// Returns the chosen statistic, in seconds. Returns `None` after a probe, which takes no
    /// samples.
    pub fn summary(&self, statistic: Statistic) -> Option<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        match statistic {
            Statistic::Best => sorted.first().copied(),
            Statistic::Median => {
                let low = *sorted.get(sorted.len().checked_sub(1)? / 2)?;
                let high = *sorted.get(sorted.len() / 2)?;
                Some((low + high) / 2.0)
            }
        }
    }

    /// Returns the least and the greatest ratio to `baseline` within one round. Both ran at about
    /// the same time, so the machine's changes between rounds have no influence.
    pub fn spread(&self, baseline: &Self) -> (f64, f64) {
        bounds(self.0.iter().zip(&baseline.0).map(|(own, base)| own / base))
    }

    /// Returns the sample of a round, if there is one.
    pub fn at(&self, round: usize) -> Option<f64> {
        self.0.get(round).copied()
    }

    /// Returns for each round whether the sample is more than [`SLOW`] times the best one, because
    /// the machine was in another state.
    pub fn slow_rounds(&self) -> Vec<bool> {
        let best = self.0.iter().copied().fold(f64::INFINITY, f64::min);
        self.0.iter().map(|&sample| sample > best * SLOW).collect()
    }

    /// Returns the samples of the rounds that `chosen` marks.
    pub fn of_rounds(&self, chosen: impl Fn(usize) -> bool) -> Self {
        let samples = self.0.iter().enumerate();
        Self(
            samples
                .filter(|&(round, _)| chosen(round))
                .map(|(_, &it)| it)
                .collect(),
        )
    }

    /// Returns the least and the greatest ratio to the best sample, which show the machine's
    /// changes.
    pub fn spread_to_best(&self) -> (f64, f64) {
        let (best, worst) = bounds(self.0.iter().copied());
        (1.0, worst / best)
    }
}

fn bounds(ratios: impl Iterator<Item = f64>) -> (f64, f64) {
    ratios.fold((f64::INFINITY, 0.0), |(low, high), ratio| {
        (low.min(ratio), high.max(ratio))
    })
}

/// Returns the geometric mean of ratios, or `None` if there are none.
pub fn geometric_mean(ratios: &[f64]) -> Option<f64> {
    if ratios.is_empty() {
        return None;
    }
    let sum: f64 = ratios.iter().map(|ratio| ratio.ln()).sum();
    Some((sum / ratios.len() as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(seconds: &[f64]) -> Samples {
        Samples(seconds.to_vec())
    }

    #[test]
    fn summaries() {
        let three = samples(&[3.0, 1.0, 2.0]);
        assert_eq!(three.summary(Statistic::Best), Some(1.0));
        assert_eq!(three.summary(Statistic::Median), Some(2.0));
        assert_eq!(samples(&[]).summary(Statistic::Median), None);
        assert_eq!(samples(&[1.0, 2.0]).summary(Statistic::Median), Some(1.5));
    }

    #[test]
    fn spread_is_taken_within_a_round() {
        let (low, high) = samples(&[1.0, 4.0]).spread(&samples(&[2.0, 8.0]));
        assert_eq!((low, high), (0.5, 0.5));
        assert_eq!(samples(&[4.0, 2.0]).spread_to_best(), (1.0, 2.0));
    }

    #[test]
    fn rounds_of_another_state_are_told_apart() {
        let three = samples(&[1.0, 1.2, 1.1]);
        assert_eq!(three.slow_rounds(), [false, true, false]);
        let slow = three.of_rounds(|round| three.slow_rounds()[round]);
        assert_eq!((slow.at(0), slow.at(1)), (Some(1.2), None));
    }

    #[test]
    fn means() {
        assert_eq!(geometric_mean(&[]), None);
        let mean = geometric_mean(&[0.5, 2.0]).unwrap();
        assert!((mean - 1.0).abs() < 1e-12);
    }
}
