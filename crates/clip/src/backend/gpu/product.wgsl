// What gemm.wgsl and gemv.wgsl share: C = A B + bias, the epilogue, loading A and storing C.
//
// Buffers: a [rows, 4·inner], b [4·inner and padding, 4·stride], bias [1, 4·columns],
// c [rows, 4·columns].

struct Shape {
    rows: u32,
    // Inner dimension, columns, and columns of B with its padding, four by four.
    inner: u32,
    columns: u32,
    stride: u32,
    epilogue: u32,
    has_bias: u32,
}

const EPILOGUE_GELU = 1u;
const EPILOGUE_QUICK_GELU = 2u;
const EPILOGUE_ADD = 3u;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> a: array<vec4<T>>;
@group(0) @binding(2) var<storage, read> b: array<vec4<T>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<T>>;
@group(0) @binding(4) var<storage, read_write> c: array<vec4<T>>;

// Zeros beyond the inner dimension; rows beyond the last are the last, and never stored.
fn load(row: u32, quad: u32) -> vec4<T> {
    let at = min(row, shape.rows - 1u) * shape.inner + min(quad, shape.inner - 1u);
    return select(vec4<T>(), a[at], quad < shape.inner);
}

// The error function within 3e-7, as the processor computes it.
fn erf(x: vec4f) -> vec4f {
    let x2 = x * x;
    var p = vec4f(-2.7261423e-10);
    p = fma(p, x2, vec4f(2.7706814e-8));
    p = fma(p, x2, vec4f(-2.101024e-6));
    p = fma(p, x2, vec4f(-5.6925064e-5));
    p = fma(p, x2, vec4f(-7.3499063e-4));
    p = fma(p, x2, vec4f(-2.9546e-3));
    p = fma(p, x2, vec4f(-1.6096033e-2));
    var q = vec4f(-1.4566072e-5);
    q = fma(q, x2, vec4f(-2.1337405e-4));
    q = fma(q, x2, vec4f(-1.682827e-3));
    q = fma(q, x2, vec4f(-7.3733292e-3));
    q = fma(q, x2, vec4f(-1.4264739e-2));
    return select(sign(x), x * p / q, abs(x) < vec4f(3.75));
}

fn store(row: u32, column: u32, sum: vec4f) {
    if row >= shape.rows || column >= shape.columns {
        return;
    }
    let at = row * shape.columns + column;
    var value = sum;
    if shape.has_bias != 0u {
        value += vec4f(bias[column]);
    }
    switch shape.epilogue {
        case EPILOGUE_GELU: {
            value *= 0.5 * (1.0 + erf(value * 0.70710678));
        }
        case EPILOGUE_QUICK_GELU: {
            // Beyond 87 the exponential leaves float32, and the quotient is 0 anyway.
            value /= 1.0 + exp(min(-1.702 * value, vec4f(87.0)));
        }
        case EPILOGUE_ADD: {
            value += vec4f(c[at]);
        }
        default: {}
    }
    c[at] = vec4<T>(value);
}
