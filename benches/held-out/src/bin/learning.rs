//! Machine learning: trees, clusters and regressions.
#![no_main]

use smartcore::cluster::kmeans::{KMeans, KMeansParameters};
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::linear::linear_regression::{LinearRegression, LinearRegressionParameters};
use smartcore::tree::decision_tree_classifier::{
    DecisionTreeClassifier, DecisionTreeClassifierParameters,
};
use support::{Checksum, Random};

/// Learns from `n` samples.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let mut random = Random::new(0x1ea2);
    let mut checksum = Checksum::new();
    let rows: Vec<Vec<f64>> = (0..n.max(20))
        .map(|_| (0..6).map(|_| random.unit() * 10.0).collect())
        .collect();
    let classes: Vec<i32> = rows
        .iter()
        .map(|row| i32::from(row[0] * row[1] > 25.0) + i32::from(row[2] > 7.0))
        .collect();
    let values: Vec<f64> = rows
        .iter()
        .map(|row| row[0] * 2.0 - row[3] + random.unit())
        .collect();
    let samples = DenseMatrix::from_2d_vec(&rows).expect("rows of one length");

    let parameters = DecisionTreeClassifierParameters::default().with_max_depth(6);
    let tree = DecisionTreeClassifier::fit(&samples, &classes, parameters).expect("samples");
    for class in tree.predict(&samples).expect("samples") {
        checksum.word(class as u64);
    }
    let line = LinearRegression::fit(&samples, &values, LinearRegressionParameters::default());
    for value in line.expect("samples").predict(&samples).expect("samples") {
        checksum.float((value * 1e6).round());
    }
    let parameters = KMeansParameters::default().with_k(4).with_max_iter(20);
    let clusters: KMeans<f64, i32, _, Vec<i32>> =
        KMeans::fit(&samples, parameters).expect("samples");
    for cluster in clusters.predict(&samples).expect("samples") {
        checksum.word(cluster as u64);
    }
    checksum.finish()
}
