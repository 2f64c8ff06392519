"""A small network reads digits, under skorch and scikit-learn's search over its hyperparameters."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from skorch import NeuralNetClassifier

images, digits = load_digits(return_X_y=True)
images = (images / 16).astype(np.float32)
train_x, test_x, train_y, test_y = train_test_split(images, digits, test_size=500, random_state=0)


class Reader(torch.nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.layers = torch.nn.Sequential(
            *(torch.nn.Linear(64, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU()),
            *(torch.nn.Linear(width, 10), torch.nn.Softmax(dim=1)),
        )

    def forward(self, x):
        return self.layers(x)


torch.manual_seed(0)
net = NeuralNetClassifier(
    Reader,
    optimizer=torch.optim.AdamW,
    optimizer__weight_decay=0.01,
    lr=3e-3,
    max_epochs=15,
    batch_size=32,
    train_split=None,
    verbose=0,
)
search = GridSearchCV(net, {"lr": [1e-3, 5e-3], "optimizer__weight_decay": [0.01, 0.1]}, cv=3)
search.fit(train_x, train_y)
print("accuracy", search.score(test_x, test_y))
