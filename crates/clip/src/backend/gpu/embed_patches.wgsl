// The class embedding and an image's patches, plus the positional embedding.
//
// Buffers: patches [images·(tokens − 1), width], class_embedding [1, width], positional_embedding
// [tokens, width], out [images·tokens, width]; width = 4·quads, rows = images·tokens.
// Dispatch: [rows] workgroups of 64 threads; a workgroup loops if there are more rows.

const THREADS = 64u;

struct Shape {
    rows: u32,
    // Columns, four by four.
    quads: u32,
    // Rows of a sequence.
    tokens: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> patches: array<vec4<T>>;
@group(0) @binding(2) var<storage, read> class_embedding: array<vec4<T>>;
@group(0) @binding(3) var<storage, read> positional_embedding: array<vec4<T>>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<T>>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    for (var row = group.x; row < shape.rows; row += groups.x) {
        let sequence = row / shape.tokens;
        let token = row % shape.tokens;
        for (var i = thread; i < shape.quads; i += THREADS) {
            var value = vec4f(positional_embedding[token * shape.quads + i]);
            if token == 0u {
                value += vec4f(class_embedding[i]);
            } else {
                // There is one patch less than there are tokens.
                value += vec4f(patches[(row - sequence - 1u) * shape.quads + i]);
            }
            out[row * shape.quads + i] = vec4<T>(value);
        }
    }
}
