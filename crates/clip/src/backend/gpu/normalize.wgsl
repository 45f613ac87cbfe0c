// Divides each row by its Euclidean length, in place; a row of zeros stays.
//
// Buffers: x [rows, width]; width = 4·quads.
// Dispatch: [rows] workgroups of 64 threads; a workgroup loops if there are more rows.

struct Shape {
    rows: u32,
    // Columns, four by four.
    quads: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read_write> x: array<vec4<T>>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    for (var row = group.x; row < shape.rows; row += groups.x) {
        let start = row * shape.quads;
        var squares = 0.0;
        for (var i = thread; i < shape.quads; i += THREADS) {
            let values = vec4f(x[start + i]);
            squares += dot(values, values);
        }
        let length = max(sqrt(total(squares, thread)), 1e-12);
        for (var i = thread; i < shape.quads; i += THREADS) {
            x[start + i] = vec4<T>(vec4f(x[start + i]) / length);
        }
    }
}
