// The mean of each sequence's rows.
//
// Buffers: x [sequences·tokens, width], out [sequences, width]; width = 4·quads.
// Dispatch: [sequences] workgroups of 64 threads; a workgroup loops if there are more sequences.

const THREADS = 64u;

struct Shape {
    sequences: u32,
    // Columns, four by four.
    quads: u32,
    // Rows of a sequence.
    tokens: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<T>>;
@group(0) @binding(2) var<storage, read_write> out: array<vec4<T>>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    for (var sequence = group.x; sequence < shape.sequences; sequence += groups.x) {
        for (var i = thread; i < shape.quads; i += THREADS) {
            var sum = vec4f();
            for (var token = 0u; token < shape.tokens; token++) {
                sum += vec4f(x[(sequence * shape.tokens + token) * shape.quads + i]);
            }
            out[sequence * shape.quads + i] = vec4<T>(sum / f32(shape.tokens));
        }
    }
}
