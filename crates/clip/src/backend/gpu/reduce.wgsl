// The sum over a workgroup's threads, a power of two, in the same order every time.

var<workgroup> partial: array<f32, THREADS>;

fn total(value: f32, thread: u32) -> f32 {
    // Whoever still reads the last sum is waited for.
    workgroupBarrier();
    partial[thread] = value;
    for (var half = THREADS / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if thread < half {
            partial[thread] += partial[thread + half];
        }
    }
    workgroupBarrier();
    return partial[0];
}
