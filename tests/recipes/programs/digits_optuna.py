"""Optuna looks for the learning rate of scikit-learn's MLPClassifier."""

import optuna
from sklearn.datasets import load_digits
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier

images, digits = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(images / 16, digits, test_size=500, random_state=0)


def make_classifier(lr):
    return MLPClassifier((64, 32), learning_rate_init=lr, batch_size=32, max_iter=15, tol=0.0, random_state=0)


def objective(trial):
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    return cross_val_score(make_classifier(lr), train_x, train_y, cv=2).mean()


study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
study.optimize(objective, n_trials=8)
print("accuracy", make_classifier(study.best_params["lr"]).fit(train_x, train_y).score(test_x, test_y))
