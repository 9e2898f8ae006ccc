"""What people write: survey verbatims in French and English, ticket subjects, messages and agents' replies.

Sentences are put together from parts that fit the score and the topic, so that sentiment and topic can be told from
the text.
"""

from __future__ import annotations

import functools

import pyarrow as pa

from dagster_project.simulator.columns import Text

TOPICS = ("delivery", "return", "product", "payment", "account", "loyalty", "advice")

_FRENCH = {
    "good": (
        "Très satisfaite, commande reçue en deux jours.",
        "Équipe à l'écoute et produits de qualité, je recommande !",
        "Parfait du début à la fin.\nMerci à la vendeuse pour ses conseils.",
        "Rien à redire : c'était simple et rapide.",
        "J'ai été agréablement surprise par la qualité du linge, très doux.",
        "Le retrait en magasin est vraiment pratique, bravo.",
        "Conseillère très aimable, problème réglé en cinq minutes.",
        "« Comme à la maison » : j'adore vos bougies, à bientôt.",
    ),
    "middling": (
        "Correct, sans plus.",
        "Bons produits mais les frais de port sont élevés.",
        "La livraison a pris un peu de retard, le produit est conforme.",
        "L'application est pratique, mais elle se ferme parfois toute seule.",
        "Magasin agréable; l'attente en caisse était un peu longue.",
        "Ça va, mais j'ai dû relancer une fois.",
    ),
    "bad": (
        "Colis arrivé cassé et personne ne répond, très déçue.",
        "J'ai dû répéter mon histoire à trois conseillers différents !!",
        "Retard de livraison de dix jours, aucune excuse.\n\nJe ne commanderai plus.",
        "Le site a planté au moment du paiement et j'ai été débité deux fois.",
        "On m'a dit \"ce n'est pas notre problème\" : inadmissible.",
        "Remboursement toujours pas reçu après un mois…",
        "Impossible de joindre le service client, une honte.",
        "Article différent de la photo, qualité médiocre, retour compliqué.",
    ),
}
_ENGLISH = {
    "good": (
        "Lovely shop, very friendly staff.",
        "Fast delivery and beautiful packaging, thank you!",
        "Great quality.\nWill order again.",
        'The assistant said "no problem" and fixed it at once.',
    ),
    "middling": ("It was fine, delivery a little slow.", "Good products, confusing returns page.", "OK overall."),
    "bad": (
        "My parcel never arrived and nobody answers.",
        'I had to explain the same issue "again and again" to every agent.',
        "Terrible experience: charged twice, still waiting for a refund.",
    ),
}
_SUBJECTS = {
    "delivery": ("Colis non reçu", "Retard de livraison", "Suivi bloqué depuis 5 jours", "Livré chez le voisin ?"),
    "return": ("Demande de retour", "Remboursement en attente", "Échange de taille", "Retour en magasin refusé"),
    "product": ("Article défectueux", "Pièce manquante", "Produit abîmé à l'ouverture", "Question sur l'entretien"),
    "payment": ("Double débit", "Code promo refusé", "Facture demandée", "Paiement échoué"),
    "account": ("Mot de passe oublié", "Changer mon adresse e-mail", "Suppression de compte", "Mise à jour d'adresse"),
    "loyalty": ("Points manquants", "Carte de fidélité perdue", "Bon d'achat non reçu", "Fusion de deux cartes"),
    "advice": ("Conseil avant achat", "Disponibilité en magasin", "Quelle taille choisir ?", "Délai pour un cadeau"),
}
_MESSAGES = {
    "delivery": (
        "Bonjour,\nma commande n'est toujours pas arrivée, pouvez-vous vérifier ?",
        "Le suivi n'a pas bougé depuis lundi.",
    ),
    "return": ("Je souhaite renvoyer un article, comment procéder ?", "J'attends toujours mon remboursement."),
    "product": ("L'article est arrivé fêlé.\nPhotos en pièce jointe.", "Il manque une pièce dans le carton."),
    "payment": ("J'ai été débité deux fois pour la même commande.", 'Le code "BIENVENUE10" ne fonctionne pas.'),
    "account": ("Je n'arrive plus à me connecter à mon compte.", "Merci de mettre à jour mon adresse, j'ai déménagé."),
    "loyalty": ("Mes points du dernier achat ne sont pas crédités.", "J'ai perdu ma carte, pouvez-vous la remplacer ?"),
    "advice": ("Bonjour, ce modèle convient-il à l'extérieur ?", "Est-ce disponible au magasin de Nantes ?"),
}
_REPLIES = (
    "Bonjour, nous regardons cela tout de suite.",
    "Merci pour votre patience, le nécessaire a été fait.",
    "Pouvez-vous nous envoyer une photo, s'il vous plaît ?",
    "Votre dossier a été transmis au service concerné.",
)
_NOTES = (
    "Client rappelé, pas de réponse.",
    "Voir avec l'entrepôt.",
    "Geste commercial accordé : 10 €.",
    "Doublon possible.",
)


@functools.cache
def verbatims(language: str, mood: str) -> Text:
    """The sentences of a language ('fr', 'en') and mood ('good', 'middling', 'bad')."""
    return pa.array((_FRENCH if language == "fr" else _ENGLISH)[mood])


@functools.cache
def subjects(topic: str) -> Text:
    """Ticket subjects of a topic."""
    return pa.array(_SUBJECTS[topic])


@functools.cache
def messages(topic: str) -> Text:
    """What a requester writes on a topic."""
    return pa.array(_MESSAGES[topic])


@functools.cache
def replies() -> Text:
    """What agents answer."""
    return pa.array(_REPLIES)


@functools.cache
def notes() -> Text:
    """What agents tell one another."""
    return pa.array(_NOTES)
