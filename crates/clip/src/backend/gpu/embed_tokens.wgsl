// Token embedding plus positional embedding.
//
// Buffers: ids [rows], token_embedding: rows `first` to `first + count` of [vocabulary, width],
// positional_embedding [tokens, width], out [rows, width]; width = 4·quads. Rows whose ids are in
// another part of the token embedding are left to another dispatch.
// Dispatch: [rows] workgroups of 64 threads; a workgroup loops if there are more rows.

const THREADS = 64u;

struct Shape {
    rows: u32,
    // Columns, four by four.
    quads: u32,
    // Rows of a sequence.
    tokens: u32,
    // The first id of this part of the table, and how many it holds.
    first: u32,
    count: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> ids: array<u32>;
@group(0) @binding(2) var<storage, read> token_embedding: array<vec4<T>>;
@group(0) @binding(3) var<storage, read> positional_embedding: array<vec4<T>>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<T>>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    for (var row = group.x; row < shape.rows; row += groups.x) {
        // An id before the first wraps round and is none of these.
        let entry = ids[row] - shape.first;
        if entry < shape.count {
            let token = row % shape.tokens;
            for (var i = thread; i < shape.quads; i += THREADS) {
                let value = vec4f(token_embedding[entry * shape.quads + i]);
                let position = vec4f(positional_embedding[token * shape.quads + i]);
                out[row * shape.quads + i] = vec4<T>(value + position);
            }
        }
    }
}
