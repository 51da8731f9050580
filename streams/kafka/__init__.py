"""Plain Kafka work outside the lane: topics, publishing, reading logs."""
