"""Makes image pairs with changes, boxes and sentences; knows `difftracker.structures` only."""
