"""A run and its folder: the training loop, checkpoints, records, figures, reports.

`loop.run` trains a critic and a generator, `solve.run` a critic alone; both are driven
by `driver.drive`. All file output of a run happens here.
"""
