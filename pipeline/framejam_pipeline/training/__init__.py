"""How the embedded model was made: world, parts, training, measurement and export.

``python -m framejam_pipeline.training`` runs everything; ``world`` draws the pictures, the
modules named after a part (``autoencoder``, ``text``, ``unet``, ``motion``) train it, ``probe``
and ``metrics`` measure it and ``export`` writes the folder that the pipeline loads.
Nothing here is needed to run the model.
"""
