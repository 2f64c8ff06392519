"""A vision transformer reads digits, under Hugging Face's Trainer."""

import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from transformers import Trainer, TrainingArguments, ViTConfig, ViTForImageClassification

images, digits = load_digits(return_X_y=True)
images = (images.reshape(-1, 1, 8, 8) / 8 - 1).astype(np.float32)
rows = [{"pixel_values": image, "labels": digit} for image, digit in zip(images, digits, strict=True)]
train_rows, test_rows = train_test_split(rows, test_size=500, random_state=0)

torch.manual_seed(0)
config = ViTConfig(
    image_size=8,
    patch_size=2,
    num_channels=1,
    num_labels=10,
    hidden_size=48,
    intermediate_size=96,
    num_hidden_layers=4,
    num_attention_heads=4,
)
model = ViTForImageClassification(config)
arguments = TrainingArguments(
    "digits-transformers",
    num_train_epochs=12,
    per_device_train_batch_size=32,
    learning_rate=2e-3,
    weight_decay=0.05,
    warmup_steps=30,
    lr_scheduler_type="cosine",
    save_strategy="no",
    report_to="none",
    disable_tqdm=True,
    use_cpu=True,
)
trainer = Trainer(
    model,
    arguments,
    train_dataset=train_rows,
    eval_dataset=test_rows,
    compute_metrics=lambda found: {"accuracy": np.mean(found.predictions.argmax(-1) == found.label_ids)},
)
trainer.train()
print("accuracy", trainer.evaluate()["eval_accuracy"])
