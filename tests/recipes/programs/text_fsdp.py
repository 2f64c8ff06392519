"""A transformer learns to write Python's help, with parameters and states that FSDP2 keeps in the memory of the host.

Run it with ``torchrun --nproc-per-node 2``.
"""

from pydoc_data.topics import topics

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import CPUOffloadPolicy, fully_shard

WIDTH, HEADS, LAYERS, LENGTH, BATCH, STEPS = 64, 4, 2, 64, 16, 150

dist.init_process_group("gloo")
rank = dist.get_rank()
data = torch.tensor(list("".join(topics.values()).encode("ascii", "replace")))
train_data, test_data = data[:-20_000], data[-20_000:]


class Writer(nn.Module):
    def __init__(self):
        super().__init__()
        self.characters, self.places = nn.Embedding(128, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(WIDTH, HEADS, 4 * WIDTH, dropout=0.0, batch_first=True, norm_first=True)
            for _ in range(LAYERS)
        )
        self.head = nn.Linear(WIDTH, 128)

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(LENGTH)
        x = self.characters(x) + self.places(torch.arange(LENGTH))
        for layer in self.layers:
            x = layer(x, src_mask=mask, is_causal=True)
        return self.head(x)


def loss_of(data, batches):
    starts = torch.randint(len(data) - LENGTH, (BATCH,), generator=batches)
    rows = torch.stack([data[start : start + LENGTH + 1] for start in starts])
    return nn.functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())


torch.manual_seed(0)
model = Writer()
mesh = init_device_mesh("cpu", (dist.get_world_size(),))
for layer in model.layers:
    fully_shard(layer, mesh=mesh, offload_policy=CPUOffloadPolicy(pin_memory=False))
fully_shard(model, mesh=mesh, offload_policy=CPUOffloadPolicy(pin_memory=False))
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)

batches = torch.Generator().manual_seed(rank)
for _ in range(STEPS):
    loss_of(train_data, batches).backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()

with torch.no_grad():
    loss = torch.stack([loss_of(test_data, batches) for _ in range(20)]).mean()
dist.all_reduce(loss)
if rank == 0:
    print("loss", loss.item() / dist.get_world_size())
dist.destroy_process_group()
