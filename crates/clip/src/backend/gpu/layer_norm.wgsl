// Layer normalisation of each row; the mean is subtracted before squares are summed.
//
// Buffers: x [rows, width], weight [1, width], bias [1, width], out [rows, width]; width = 4·quads.
// Dispatch: [rows] workgroups of 64 threads; a workgroup loops if there are more rows.

struct Shape {
    rows: u32,
    // Columns, four by four.
    quads: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<T>>;
@group(0) @binding(2) var<storage, read> weight: array<vec4<T>>;
@group(0) @binding(3) var<storage, read> bias: array<vec4<T>>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<T>>;

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    let count = f32(4u * shape.quads);
    for (var row = group.x; row < shape.rows; row += groups.x) {
        let start = row * shape.quads;
        var sum = vec4f();
        for (var i = thread; i < shape.quads; i += THREADS) {
            sum += vec4f(x[start + i]);
        }
        let mean = total(dot(sum, vec4f(1.0)), thread) / count;
        var squares = vec4f();
        for (var i = thread; i < shape.quads; i += THREADS) {
            let centred = vec4f(x[start + i]) - mean;
            squares += centred * centred;
        }
        let variance = total(dot(squares, vec4f(1.0)), thread) / count;
        let scale = 1.0 / sqrt(variance + 1e-5);
        for (var i = thread; i < shape.quads; i += THREADS) {
            let unit = (vec4f(x[start + i]) - mean) * scale;
            out[start + i] = vec4<T>(unit * vec4f(weight[i]) + vec4f(bias[i]));
        }
    }
}
