//! Dense linear algebra: `f64` and `f32` inner loops, square roots, iterations until
//! convergence, monomorphised generic code.

use nalgebra::{DMatrix, DVector, Isometry3, Matrix4, Rotation3, UnitQuaternion, Vector3};
use support::{Checksum, Random};

fn absorb(checksum: &mut Checksum, values: impl IntoIterator<Item = f64>) {
    values.into_iter().for_each(|value| checksum.float(value));
}

/// Decomposes matrices of `n` rows, and rotates `n` thousandths of a scene.
#[unsafe(no_mangle)]
pub extern "C" fn run(n: i32) -> i64 {
    let n = n.max(2) as usize;
    let mut random = Random::new(0x1a);
    let mut checksum = Checksum::new();
    let matrix = DMatrix::from_fn(n, n, |row, column| {
        random.unit() * 2.0 - 1.0 + if row == column { 4.0 } else { 0.0 }
    });
    let vector = DVector::from_fn(n, |row, _| (row as f64).sqrt());
    let gram = &matrix * matrix.transpose() + DMatrix::identity(n, n);

    let lower_upper = matrix.clone().lu();
    checksum.float(lower_upper.determinant());
    let solution = lower_upper.solve(&vector).expect("diagonally dominant");
    absorb(&mut checksum, solution.iter().copied());
    checksum.float((&matrix * &solution - &vector).norm());

    let factor = gram.clone().cholesky().expect("positive definite");
    absorb(&mut checksum, factor.l().iter().copied());
    absorb(
        &mut checksum,
        matrix.clone().qr().r().diagonal().iter().copied(),
    );
    absorb(
        &mut checksum,
        gram.clone().symmetric_eigen().eigenvalues.iter().copied(),
    );
    absorb(
        &mut checksum,
        matrix
            .clone()
            .svd(true, true)
            .singular_values
            .iter()
            .copied(),
    );
    let schur = matrix.clone().schur();
    for value in schur.complex_eigenvalues().iter() {
        checksum.float(value.re);
        checksum.float(value.im);
    }
    let single = matrix.map(|value| value as f32);
    let inverse = (&single * &single).try_inverse().expect("regular");
    absorb(&mut checksum, inverse.iter().map(|&value| f64::from(value)));

    let mut point = Vector3::new(1.0, 2.0, 3.0);
    let mut frame = Isometry3::identity();
    for step in 0..n {
        let angle = step as f64 * 0.1;
        frame *= Isometry3::from_parts(
            Vector3::new(angle.sin(), angle.cos(), 0.01).into(),
            UnitQuaternion::from_euler_angles(angle, 0.2, -angle / 3.0),
        );
        let rotation = Rotation3::from_axis_angle(&Vector3::y_axis(), angle);
        let both: Matrix4<f64> = frame.to_homogeneous() * rotation.to_homogeneous();
        point = both.transform_vector(&point).normalize();
        absorb(&mut checksum, point.iter().copied());
    }
    checksum.finish()
}
