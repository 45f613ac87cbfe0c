// The largest numbers of each row.
//
// Buffers: x [rows, columns], targets [rows], out [rows, 4·(count + 1)]; columns = 4·quads. A row of
// `out` begins with the logarithm of the sum of all exponentials and the number in the target's
// column; then come the largest numbers in order, each with its column in two parts that float16
// holds exactly.
// Constants: THREADS, a power of two.
// Dispatch: [rows] workgroups of THREADS threads; a workgroup loops if there are more rows.

const NO_COLUMN = 0xffffffffu;
const LOWEST = -3e38;

struct Shape {
    rows: u32,
    // Columns, four by four.
    quads: u32,
    // How many of the largest.
    count: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<T>>;
@group(0) @binding(2) var<storage, read> targets: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4<T>>;

var<workgroup> values: array<f32, THREADS>;
var<workgroup> columns: array<u32, THREADS>;

// Of two threads' finds the larger, of equal ones the first column; some found none.
fn keep_larger(thread: u32, other: u32) {
    let is_larger = values[other] > values[thread]
        || (values[other] == values[thread] && columns[other] < columns[thread]);
    if columns[other] != NO_COLUMN && (is_larger || columns[thread] == NO_COLUMN) {
        values[thread] = values[other];
        columns[thread] = columns[other];
    }
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3u,
    @builtin(num_workgroups) groups: vec3u,
    @builtin(local_invocation_index) thread: u32,
) {
    for (var row = group.x; row < shape.rows; row += groups.x) {
        let start = row * shape.quads;
        let to = row * (shape.count + 1u);
        var highest = LOWEST;
        // The one that was found last: what follows it is left.
        var last = LOWEST;
        var last_column = NO_COLUMN;
        for (var k = 0u; k < shape.count; k++) {
            var best = LOWEST;
            var column = NO_COLUMN;
            for (var i = thread; i < shape.quads; i += THREADS) {
                var quad = vec4f(x[start + i]);
                for (var j = 0u; j < 4u; j++) {
                    let value = quad[j];
                    let is_left = k == 0u || value < last
                        || (value == last && 4u * i + j > last_column);
                    if is_left && (value > best || column == NO_COLUMN) {
                        best = value;
                        column = 4u * i + j;
                    }
                }
            }
            // Whoever still reads the last ones is waited for.
            workgroupBarrier();
            values[thread] = best;
            columns[thread] = column;
            workgroupBarrier();
            for (var half = THREADS / 2u; half > 0u; half /= 2u) {
                if thread < half {
                    keep_larger(thread, thread + half);
                }
                workgroupBarrier();
            }
            last = values[0];
            last_column = columns[0];
            highest = max(highest, last);
            if thread == 0u {
                let parts = vec2u(last_column / 256u, last_column % 256u);
                out[to + 1u + k] = vec4<T>(vec4f(last, vec2f(parts), 0.0));
            }
        }
        var sum = 0.0;
        for (var i = thread; i < shape.quads; i += THREADS) {
            let powers = exp(vec4f(x[start + i]) - highest);
            sum += (powers.x + powers.y) + (powers.z + powers.w);
        }
        let all = total(sum, thread);
        if thread == 0u {
            var quad = vec4f(x[start + targets[row] / 4u]);
            let wanted = quad[targets[row] % 4u];
            out[to] = vec4<T>(vec4f(log(all) + highest, wanted, 0.0, 0.0));
        }
    }
}
