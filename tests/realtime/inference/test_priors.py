"""How frequent labels are taken to be."""

import numpy as np

from fer_live.realtime.inference.priors import balanced_logits


def test_the_balanced_prior_forgets_how_frequent_labels_were() -> None:
    prior = (0.7, 0.1, 0.15, 0.05)
    evidence = np.random.default_rng(0).normal(0, 1, (50, 4))
    trained = evidence + np.log(prior)
    np.testing.assert_allclose(balanced_logits(trained, prior), evidence, atol=1e-12)
    assert np.isfinite(balanced_logits(trained, (0.5, 0.5, 0.0, 0.0))).all()
