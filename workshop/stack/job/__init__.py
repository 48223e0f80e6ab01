"""What is asked of Flink and told by it: the job, its failures, its checkpoints, its workers."""
