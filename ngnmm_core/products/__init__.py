"""What is read off a whole merged dataset: hub tables, memory rates, comparison of models, checks of the paper."""
