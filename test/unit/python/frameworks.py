"""Every way in which PyTorch calls attention, each on a line of its own; prints what failed and the overhead."""

import pickle
import threading
import time

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention.flex_attention import create_block_mask, flex_attention

q = torch.randn(1, 2, 8, 4)
x = torch.randn(2, 4, 8)
mha = nn.MultiheadAttention(8, 2, batch_first=True)
encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, batch_first=True), 3).eval()


def attend(t: torch.Tensor):
    return F.scaled_dot_product_attention(t, t, t, is_causal=True)  # attend


class Attend(nn.Module):
    def forward(self, t):
        return F.scaled_dot_product_attention(t, t, t)


def run(work):
    try:
        work()
    except Exception as error:
        print("FAILED", work.__code__.co_firstlineno, type(error).__name__, str(error)[:200], flush=True)


def in_thread():
    thread = threading.Thread(target=lambda: F.scaled_dot_product_attention(q, q, q, dropout_p=0.5))  # thread
    thread.start()
    thread.join()


def checkpointed():
    p = q.clone().requires_grad_()
    work = lambda t: F.scaled_dot_product_attention(t, t, t, scale=0.5)  # checkpoint: once, and again backward
    torch.utils.checkpoint.checkpoint(work, p, use_reentrant=False).sum().backward()


compiled_flex = torch.compile(flex_attention, backend="eager", fullgraph=True)
causal = create_block_mask(lambda b, h, i, j: i >= j, None, None, 8, 8, device="cpu")

run(lambda: mha(x, x, x))  # mha
with torch.inference_mode():
    mha.eval()(x, x, x, need_weights=False)  # mha fast
    encoder(x)  # encoder fast
run(lambda: compiled_flex(q, q, q))  # flex compiled
run(lambda: flex_attention(q, q, q, block_mask=causal))  # flex eager
run(in_thread)
run(checkpointed)

# Nothing of this may fail because it is watched; what runs on symbols is not recorded.
run(lambda: torch.jit.script(attend)(q))
run(lambda: torch.jit.script(mha)(x, x, x))
run(lambda: torch.jit.trace(attend, (q,)))
run(lambda: torch.compile(attend, backend="eager", fullgraph=True)(q))
run(lambda: torch.compile(mha, backend="eager", fullgraph=True)(x, x, x))
run(lambda: torch.compile(lambda t: flex_attention(t, t, t), backend="eager", fullgraph=True)(q))
run(lambda: torch.export.export(Attend(), (q,), dynamic_shapes={"t": {2: torch.export.Dim("s")}}))
run(lambda: torch.fx.symbolic_trace(Attend()))
run(lambda: torch.func.vmap(lambda a: F.scaled_dot_product_attention(a, a, a))(torch.randn(3, 2, 8, 4)))
run(lambda: pickle.loads(pickle.dumps(F.scaled_dot_product_attention)))


# Processor time of one thread: what else the machine does is no part of it.
torch.set_num_threads(1)


def seconds(attention, calls=2000):
    started = time.thread_time()
    for _ in range(calls):
        attention(q, q, q, is_causal=True)
    return (time.thread_time() - started) / calls


pairs = [(seconds(F.scaled_dot_product_attention.__wrapped__), seconds(F.scaled_dot_product_attention)) for _ in range(10)]
plain, watched = (min(column) for column in zip(*pairs))
print("overhead %.2f" % (1e6 * (watched - plain)))
