// One attention problem, fixed when it is compiled.
#define NUM_HEADS 16
#define SEQ_LEN (2 * 1024)
#ifndef HEAD_DIM
#define HEAD_DIM 64
#endif
#define BLOCK_SIZE 128
#define BATCH_SIZE 4

__global__ void attention_kernel(const float *q, const float *k, const float *v, float *o) {}

int main() {
    attention_kernel<<<BATCH_SIZE * NUM_HEADS, BLOCK_SIZE>>>(q, k, v, o);
}
