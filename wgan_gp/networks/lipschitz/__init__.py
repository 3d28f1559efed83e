"""Critics that are 1-Lipschitz by construction: |D(x) - D(y)| <= ||x - y|| always.

Each file has one construction, as a function from a critic's `Network` to another:

- `spectral`: each linear layer divided by its operator norm, which power iteration
  estimates; for every chain of layers, convolutions included;
- `orthogonal`: perceptrons with orthogonal weights and sorting activations;
- `sll`: perceptrons of residual layers whose step length a bound on W^T W sets;
- `cones`: the smooth maximum of cones, instead of a network.

All but `spectral` are exact up to float32's rounding, whatever the parameters are.
`chains` finds the linear layers of a Flax module, `perceptrons` reads the sizes of a
multi-layer perceptron. `wgan_gp.constraints` offers the constructions by name.
"""
