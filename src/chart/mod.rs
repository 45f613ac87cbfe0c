//! Charts: data to a scene, a scene to a canvas or SVG.
