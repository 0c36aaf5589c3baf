"""The supervisor: tasks, rows, signals, the store. It never imports torch or vllm."""
