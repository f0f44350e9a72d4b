#include <torch/torch.h>

torch::Tensor plain() {
    const int64_t heads = 12;
    auto q = torch::randn({2, heads, 1024, 64}, torch::dtype(torch::kHalf).device(torch::kCUDA));
    auto kv = torch::randn({2, heads, 2048, 64}, torch::dtype(torch::kHalf).device(torch::kCUDA));
    return at::scaled_dot_product_attention(q, kv, kv, {}, 0.0, true);
}

torch::Tensor projected(torch::Tensor x) {
    auto q = x.view({4, 77, 8, 40}).transpose(1, 2);
    return torch::scaled_dot_product_attention(q, q, q, c10::nullopt, 0.1, false);
}
