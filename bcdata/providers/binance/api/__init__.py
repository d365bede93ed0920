"""The REST API: questions, their cost, and whether an answer is one."""
