"""Random architectures, of Gulrajani et al. 2017, Table 1; see `docs/images.md`."""
