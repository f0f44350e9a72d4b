#include "ggml.h"

struct ggml_tensor *build(struct ggml_context *ctx, struct ggml_tensor *x) {
    const int64_t head_dim = 128;
    const int64_t n_head = 32;
    const int64_t n_head_kv = 8;
    const int64_t n_tokens = 512;
    const int64_t n_kv = 4096;

    struct ggml_tensor *q = ggml_new_tensor_4d(ctx, GGML_TYPE_F32, head_dim, n_tokens, n_head, 1);
    struct ggml_tensor *k = ggml_new_tensor_4d(ctx, GGML_TYPE_F16, head_dim, n_kv, n_head_kv, 1);
    struct ggml_tensor *v = ggml_new_tensor_4d(ctx, GGML_TYPE_F16, head_dim, n_kv, n_head_kv, 1);
    return ggml_flash_attn_ext(ctx, q, k, v, NULL, 0.125f, 0.0f, 30.0f);
}

struct ggml_tensor *viewed(struct ggml_context *ctx, struct ggml_tensor *x, struct ggml_tensor *mask, int n_tokens) {
    ggml_tensor *heads = ggml_reshape_3d(ctx, x, 64, 12, n_tokens);
    ggml_tensor *q = ggml_cont(ctx, ggml_permute(ctx, heads, 0, 2, 1, 3));
    return ggml_flash_attn_ext(ctx, q, q, q, mask, scale, 0.0f, 0.0f);
}
