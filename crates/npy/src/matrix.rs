//! Small matrices, whole.

use crate::{Dtype, Header, NpyError};
use half::f16;

/// A matrix, or a vector as a matrix of one row.
#[derive(Debug, PartialEq)]
pub struct Matrix {
    /// Its height.
    pub rows: usize,
    /// Its width.
    pub columns: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

/// Reads a file with a matrix, or with a vector, which is taken for a matrix of one row. float64 is rounded.
pub fn read_matrix(file: &[u8]) -> Result<Matrix, NpyError> {
    let header = Header::read(file)?;
    let (rows, columns) = match header.shape[..] {
        [columns] => (1, columns),
        _ => header.matrix()?,
    };
    let length = usize::try_from(header.file_length()).map_err(|_| NpyError::Short)?;
    let data = file.get(header.offset as usize..length);
    let data = data.ok_or(NpyError::Short)?;
    let values: Vec<f32> = match header.dtype {
        Dtype::F16 => {
            let all = data.as_chunks().0.iter();
            all.map(|b| f16::from_le_bytes(*b).to_f32()).collect()
        }
        Dtype::F32 => {
            let all = data.as_chunks().0.iter();
            all.map(|b| f32::from_le_bytes(*b)).collect()
        }
        Dtype::F64 => {
            let all = data.as_chunks().0.iter();
            all.map(|b| f64::from_le_bytes(*b) as f32).collect()
        }
        Dtype::Uid => {
            return Err(NpyError::Dtype {
                descr: "pairs of integers".to_owned(),
                wanted: "float16, 32 or 64",
            });
        }
    };
    if values.is_empty() {
        return Err(NpyError::Empty);
    }
    // There are as many values, in memory: both fit.
    let (rows, columns) = (rows as usize, columns as usize);
    let values = match header.by_column {
        true => (0..values.len())
            .map(|i| values[i % columns * rows + i / columns])
            .collect(),
        false => values,
    };
    Ok(Matrix {
        rows,
        columns,
        values,
    })
}

/// A file of float16 with a matrix of rows of `columns` numbers, each rounded to the nearest.
pub fn write_f16(columns: usize, values: &[f32]) -> Vec<u8> {
    let mut file = header(Dtype::F16, columns, values.len());
    file.extend(values.iter().flat_map(|x| f16::from_f32(*x).to_le_bytes()));
    file
}

/// A file of float32 with a matrix of rows of `columns` numbers.
pub fn write_f32(columns: usize, values: &[f32]) -> Vec<u8> {
    let mut file = header(Dtype::F32, columns, values.len());
    file.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    file
}

fn header(dtype: Dtype, columns: usize, values: usize) -> Vec<u8> {
    let rows = values.checked_div(columns).unwrap_or(0);
    Header::write(dtype, &[rows as u64, columns as u64])
}
