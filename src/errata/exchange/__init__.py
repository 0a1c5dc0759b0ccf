"""What leaves and enters an audit as files: lists, votes, tasks."""
