"""A quantum circuit of four qubits tells a zero from a one, under PennyLane with its interface for PyTorch."""

import pennylane as qml
import torch
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split

images, digits = load_digits(n_class=2, return_X_y=True)
angles = torch.tensor(PCA(4, whiten=True).fit_transform(images))
train_x, test_x, train_y, test_y = train_test_split(angles, torch.tensor(digits), test_size=100, random_state=0)


@qml.qnode(qml.device("default.qubit", wires=4), interface="torch", diff_method="backprop")
def circuit(weights, x):
    qml.AngleEmbedding(x, wires=range(4))
    qml.StronglyEntanglingLayers(weights, wires=range(4))
    return qml.expval(qml.PauliZ(0))


torch.manual_seed(0)
weights = torch.nn.Parameter(torch.rand(3, 4, 3, dtype=torch.float64))
optimizer = torch.optim.Adam([weights], lr=0.1)
for _ in range(40):
    optimizer.zero_grad()
    loss = (circuit(weights, train_x) - (1 - 2 * train_y)).pow(2).mean()
    loss.backward()
    optimizer.step()
print("accuracy", ((circuit(weights, test_x) < 0) == test_y).double().mean().item())
