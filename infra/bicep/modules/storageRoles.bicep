metadata description = 'Roles of one principal on one storage account or on containers of it.'

import { assignment, roleNames } from 'roles.bicep'

@description('A role and where it holds.')
@export()
type grant = {
  @description('GUID of the role definition.')
  roleId: string

  @description('What breaks without it.')
  why: string

  @description('Container to which the role is limited; without it, the whole account.')
  container: string?

  @description('Condition (version 2.0) under which the role holds.')
  condition: string?
}

@description('Name of the storage account.')
param accountName string

@description('Object ID of who gets the roles.')
param principalId string

@description('What kind of principal that is.')
@allowed(['ServicePrincipal', 'User', 'Group'])
param principalType string = 'ServicePrincipal'

@description('The roles.')
param grants grant[]

@description('Make the assignments. Without it they are only told.')
param assignRoles bool = true

// apart from each other, so that no container is looked for that is not there
var wide = filter(grants, grant => empty(grant.?container))
var narrow = filter(grants, grant => !empty(grant.?container))

resource account 'Microsoft.Storage/storageAccounts@2025-08-01' existing = {
  name: accountName

  resource blobs 'blobServices' existing = {
    name: 'default'
  }
}

resource container 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01' existing = [
  for grant in narrow: {
    parent: account::blobs
    name: grant.container!
  }
]

resource onAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for grant in wide: if (assignRoles) {
    name: guid(account.id, principalId, grant.roleId, grant.?condition ?? '')
    scope: account
    properties: {
      principalId: principalId
      principalType: principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.roleId)
      description: grant.why
      condition: grant.?condition
      conditionVersion: empty(grant.?condition) ? null : '2.0'
    }
  }
]

resource onContainer 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, i) in narrow: if (assignRoles) {
    name: guid(container[i].id, principalId, grant.roleId, grant.?condition ?? '')
    scope: container[i]
    properties: {
      principalId: principalId
      principalType: principalType
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', grant.roleId)
      description: grant.why
      condition: grant.?condition
      conditionVersion: empty(grant.?condition) ? null : '2.0'
    }
  }
]

@description('Every assignment, made or not.')
output assignments assignment[] = [
  for grant in concat(wide, narrow): {
    principalId: principalId
    principalType: principalType
    roleId: grant.roleId
    role: roleNames[grant.roleId]
    scope: empty(grant.?container) ? account.id : '${account::blobs.id}/containers/${grant.container!}'
    why: grant.why
    condition: grant.?condition
  }
]
