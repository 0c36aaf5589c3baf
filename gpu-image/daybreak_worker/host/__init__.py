"""The engine host: the process that has the model. Only vllm_host and what it uses imports vllm."""
