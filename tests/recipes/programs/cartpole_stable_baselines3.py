"""PPO learns to balance a pole, under Stable-Baselines3."""

from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy

model = PPO("MlpPolicy", "CartPole-v1", device="cpu", seed=0)
model.learn(24_576)
reward, _ = evaluate_policy(model, model.get_env(), n_eval_episodes=20)
print("reward", reward)
