#include "attention.h"

void attention_forward(float *out, const float *qkv, int B, int T, int C, int NH);

int main(int argc, char **argv) {
    const int B = 8, T = 1024;
    int C = 768;
    int NH = 12;
    const int HS = C / NH;
    int steps = 10;
    if (argc > 1) steps = atoi(argv[1]);
    attention_forward(out, qkv, B, T, C, NH);
    flash_attention(q, k, v, out, /*batch=*/B, NH, T, HS);
    attention(q, k, v, o, 4, 16, 2048, 64);
    return 0;
}
