//! Statistics: densities, quantiles and special functions.
#![no_main]

use statrs::distribution::{
    Beta, Continuous, ContinuousCDF, Discrete, FisherSnedecor, Gamma, Normal, Poisson, StudentsT,
};
use statrs::function::{erf, gamma};
use statrs::statistics::{Data, Distribution, OrderStatistics};
use support::{Checksum, Random};

/// Evaluates `n` points of each distribution.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x57a7);
    let mut checksum = Checksum::new();
    let mut add = |value: f64| checksum.float((value * 1e9).round());
    let normal = Normal::new(1.0, 2.0).expect("valid parameters");
    let student = StudentsT::new(0.0, 1.0, 5.0).expect("valid parameters");
    let mut samples = Vec::new();
    for _ in 0..n.max(2) {
        let at = random.unit();
        let (a, b) = (1.0 + random.unit() * 5.0, 1.0 + random.unit() * 9.0);
        add(normal.pdf(at) + normal.cdf(at) + normal.inverse_cdf(at.clamp(0.01, 0.99)));
        add(student.cdf(at * 3.0) + student.inverse_cdf(at.clamp(0.05, 0.95)));
        let beta = Beta::new(a, b).expect("valid parameters");
        add(beta.cdf(at) + beta.pdf(at));
        let curve = Gamma::new(a, b).expect("valid parameters");
        add(curve.cdf(at) + curve.ln_pdf(at));
        let ratio = FisherSnedecor::new(a, b).expect("valid parameters");
        add(ratio.cdf(at * 4.0));
        add(Poisson::new(a)
            .expect("a valid parameter")
            .pmf(u64::from(random.below(9))));
        add(erf::erf(at) + gamma::digamma(a) + gamma::ln_gamma(b));
        samples.push(at * a);
    }
    let mut data = Data::new(samples);
    add(data.mean().unwrap_or_default() + data.variance().unwrap_or_default());
    add(data.median() + data.percentile(90) + data.interquartile_range());
    checksum.finish()
}
