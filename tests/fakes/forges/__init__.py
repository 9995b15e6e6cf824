"""Stand-ins for GitHub, GitLab and Azure DevOps on loopback: what `reconciler.forge` calls of them.

They keep what is written, give pages, know who may do what, and go wrong when told to. What they
cannot do is answered with 404, as an address that a forge does not have.
"""
