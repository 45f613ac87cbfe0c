//! Vectors, made ready for any number of fits on parts of them.

use super::{Head, LogisticError, Weights};
use nalgebra::{DMatrix, SymmetricTridiagonal};
use refit_kernels::{DoubleMatrix, multiply_double};

/// Vectors in coordinates in which their covariance is tridiagonal: a penalised fit is the same in any rotated
/// coordinates, and here a good preconditioner of every fit costs next to nothing.
#[derive(Clone, Debug)]
pub struct Features {
    width: usize,
    /// Centred and rotated, row by row.
    pub(super) rows: Vec<f64>,
    mean: Vec<f64>,
    /// The rotation Q, `[width, width]`, column by column: centred vectors are rotated to x Q.
    rotation: Vec<f64>,
    /// The covariance's diagonal, and what lies beside it.
    pub(super) diagonal: Vec<f64>,
    pub(super) beside: Vec<f64>,
}

impl Features {
    /// Of `vectors`, rows of `width` numbers, one after the other.
    ///
    /// # Errors
    ///
    /// Where the numbers are no such rows, are not finite, or are the same in every row.
    pub fn new(vectors: &[f32], width: usize) -> Result<Features, LogisticError> {
        if width == 0 || vectors.is_empty() || !vectors.len().is_multiple_of(width) {
            let (have, need) = (vectors.len(), width);
            return Err(LogisticError::Width { have, need });
        }
        if let Some(at) = vectors.iter().position(|x| !x.is_finite()) {
            return Err(LogisticError::NotFinite { row: at / width });
        }
        let count = vectors.len() / width;
        let first = &vectors[..width];
        if vectors.chunks_exact(width).all(|row| row == first) {
            return Err(LogisticError::Constant);
        }
        let mut mean = vec![0.0; width];
        for row in vectors.chunks_exact(width) {
            for (mean, x) in mean.iter_mut().zip(row) {
                *mean += f64::from(*x) / count as f64;
            }
        }
        let centred = vectors.iter().zip(mean.iter().cycle());
        let centred: Vec<f64> = centred.map(|(x, mean)| f64::from(*x) - mean).collect();
        let covariance = covariance(&centred, width);
        let (rotation, diagonal, beside) = SymmetricTridiagonal::new(covariance).unpack();
        let rotation = rotation.as_slice().to_vec();
        let mut rows = vec![0.0; centred.len()];
        let packed = DoubleMatrix::pack_transposed(width, width, &rotation);
        multiply_double(&centred, &packed, &mut rows);
        Ok(Features {
            width,
            rows,
            mean,
            rotation,
            diagonal: diagonal.as_slice().to_vec(),
            beside: beside.as_slice().to_vec(),
        })
    }

    /// Vectors.
    pub fn count(&self) -> usize {
        self.rows.len() / self.width
    }

    /// Numbers of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The logits of some of the vectors, a row of classes for each.
    pub fn logits(&self, weights: &Weights, rows: &[usize]) -> Vec<f64> {
        let classes = weights.intercepts.len();
        let packed = DoubleMatrix::pack_transposed(self.width, classes, &weights.coefficients);
        let mut logits = vec![0.0; rows.len() * classes];
        multiply_double(&self.gather(rows), &packed, &mut logits);
        for logits in logits.chunks_exact_mut(classes) {
            for (logit, intercept) in logits.iter_mut().zip(&weights.intercepts) {
                *logit += intercept;
            }
        }
        logits
    }

    /// Weights in the vectors' own coordinates.
    pub fn head(&self, weights: &Weights) -> Head {
        let back = DoubleMatrix::pack(self.width, self.width, &self.rotation);
        let mut coefficients = vec![0.0; weights.coefficients.len()];
        multiply_double(&weights.coefficients, &back, &mut coefficients);
        let of_mean = coefficients
            .chunks_exact(self.width)
            .map(|row| row.iter().zip(&self.mean).map(|(w, m)| w * m).sum::<f64>());
        let intercepts = weights.intercepts.iter().zip(of_mean);
        let mut intercepts: Vec<f64> = intercepts.map(|(b, of_mean)| b - of_mean).collect();
        // A number that is added to all changes nothing.
        let mean = intercepts.iter().sum::<f64>() / intercepts.len() as f64;
        intercepts.iter_mut().for_each(|b| *b -= mean);
        Head {
            width: self.width,
            coefficients,
            intercepts,
        }
    }

    pub(super) fn gather(&self, rows: &[usize]) -> Vec<f64> {
        let mut gathered = Vec::with_capacity(rows.len() * self.width);
        for row in rows {
            gathered.extend_from_slice(&self.rows[row * self.width..][..self.width]);
        }
        gathered
    }
}

fn covariance(centred: &[f64], width: usize) -> DMatrix<f64> {
    let count = centred.len() / width;
    let mut columns = vec![0.0; centred.len()];
    for (i, row) in centred.chunks_exact(width).enumerate() {
        for (j, x) in row.iter().enumerate() {
            columns[j * count + i] = x / count as f64;
        }
    }
    let mut products = vec![0.0; width * width];
    let packed = DoubleMatrix::pack(count, width, centred);
    multiply_double(&columns, &packed, &mut products);
    DMatrix::from_vec(width, width, products)
}
