// Matrix multiplication for very few rows, such as the tokens of a decode step: C = A B + bias, then
// the epilogue. Reading B takes most of the time, and B is read once for ROWS rows.
//
// Buffers, parameters and epilogue: product.wgsl.
// Constants: ROWS, 1 to 4; PARTS, at most 32.
// Dispatch: [columns / 32, rows / ROWS] workgroups of 8·PARTS threads.
//
// A workgroup computes 8 vec4s of ROWS rows: 8 neighbouring threads read a row of B together, and
// each of the PARTS such groups sums its part of the inner dimension. The more there are, the more
// loads are on their way at once.

const ACROSS = 8u;
const THREADS = PARTS * ACROSS;
const SUMS = THREADS * ROWS;

var<workgroup> partial: array<vec4f, SUMS>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let column = ACROSS * group.x + thread % ACROSS;
    let first_row = ROWS * group.y;
    var sums: array<vec4f, ROWS>;
    for (var quad = thread / ACROSS; quad < shape.inner; quad += PARTS) {
        let at = 4u * quad * shape.stride + column;
        let row0 = vec4f(b[at]);
        let row1 = vec4f(b[at + shape.stride]);
        let row2 = vec4f(b[at + 2u * shape.stride]);
        let row3 = vec4f(b[at + 3u * shape.stride]);
        for (var row = 0u; row < ROWS; row++) {
            let values = vec4f(load(first_row + row, quad));
            var sum = fma(vec4f(values.x), row0, sums[row]);
            sum = fma(vec4f(values.y), row1, sum);
            sum = fma(vec4f(values.z), row2, sum);
            sums[row] = fma(vec4f(values.w), row3, sum);
        }
    }
    for (var row = 0u; row < ROWS; row++) {
        partial[row * THREADS + thread] = sums[row];
    }
    workgroupBarrier();
    if thread >= ACROSS {
        return;
    }
    for (var row = 0u; row < ROWS; row++) {
        var sum = vec4f();
        for (var part = 0u; part < PARTS; part++) {
            sum += partial[row * THREADS + part * ACROSS + thread];
        }
        store(first_row + row, column, sum);
    }
}
