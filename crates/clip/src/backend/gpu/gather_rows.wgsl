// Copies chosen rows of a matrix.
//
// Buffers: x [any, width], chosen [rows], out [rows, width]; width = 4·quads.
// Dispatch: [rows] workgroups of 64 threads; a workgroup loops if there are more rows.

const THREADS = 64u;

struct Shape {
    rows: u32,
    // Columns, four by four.
    quads: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<T>>;
@group(0) @binding(2) var<storage, read> chosen: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4<T>>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    for (var row = group.x; row < shape.rows; row += groups.x) {
        let start = chosen[row] * shape.quads;
        for (var i = thread; i < shape.quads; i += THREADS) {
            out[row * shape.quads + i] = x[start + i];
        }
    }
}
