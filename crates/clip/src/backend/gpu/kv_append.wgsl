// Copies the keys and values of tokens to consecutive rows of a KV cache.
//
// Buffers: qkv [rows, 3·width], cache [capacity, 2·width] from row `at` on; width = 4·quads.
// Dispatch: [rows] workgroups of 64 threads; a workgroup loops if there are more rows.

const THREADS = 64u;

struct Shape {
    rows: u32,
    // Columns of a key, four by four.
    quads: u32,
    // The cache's row of the first.
    at: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> qkv: array<vec4<T>>;
@group(0) @binding(2) var<storage, read_write> cache: array<vec4<T>>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    for (var row = group.x; row < shape.rows; row += groups.x) {
        let to = (shape.at + row) * 2u * shape.quads;
        let start = (3u * row + 1u) * shape.quads;
        for (var i = thread; i < 2u * shape.quads; i += THREADS) {
            cache[to + i] = qkv[start + i];
        }
    }
}
