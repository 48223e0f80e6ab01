"""What Flink is asked, and what it answers: the job, its failures, its checkpoints, its workers."""
