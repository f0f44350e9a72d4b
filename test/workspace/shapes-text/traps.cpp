// Numbers that look like shapes and are none.
#include "attention.h"
#define VERSION 1.2.3.4
#if WIDE
static const int T = 4096;
#else
static const int T = 2048;
#endif

void attention_forward(float *out, const float *inp, int B, int T, int C, int NH) {
    int hs = C / NH;
}

struct Attention { int heads; int seq_len; };

int main() {
    int data[2][4] = {{8, 16, 4096, 64}, {1, 2, 300, 40}};
    dim3 grid(8, 16, 1024);
    blur_kernel<<<dim3(8, 16, 1), dim3(256, 1, 1)>>>(image, 3, 224, 224);
    attention_mask(mask, 8, 16, 4096, 64);
    attention(q, k, v, 8, 4096, 16, 64);
    attention(q, k, v, 8, 64, 128, 64);
    init_attention_weights(w, 12, 768);
    set_color(attention_color, 8, 16, 255, 64);
}
