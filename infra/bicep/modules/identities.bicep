metadata description = 'The two identities of the stack: one that the function app runs as, one that scoring nodes run as. No role here; see the modules of what they reach.'

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the function app\'s identity.')
@minLength(3)
@maxLength(128)
param functionName string

@description('Name of the scoring nodes\' identity.')
@minLength(3)
@maxLength(128)
param scoringName string

@description('What an identity is called by the services that use it.')
@export()
type identity = {
  @description('Resource ID, to attach the identity to something.')
  id: string

  @description('Client ID, to choose it when signing in.')
  clientId: string

  @description('Object ID, to give it roles.')
  principalId: string
}

resource app 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: functionName
  location: location
  tags: tags
}

resource nodes 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: scoringName
  location: location
  tags: tags
}

@description('The function app\'s identity.')
output function identity = {
  id: app.id
  clientId: app.properties.clientId
  principalId: app.properties.principalId
}

@description('The scoring nodes\' identity.')
output scoring identity = {
  id: nodes.id
  clientId: nodes.properties.clientId
  principalId: nodes.properties.principalId
}
